import type { Context } from '../access/index.ts';
import { recordAchievements } from '../progress/index.ts';
import { type Attendance, recordAttendance } from '../training/index.ts';
import { trainingModulesOf } from './queries.ts';

/**
 * Records who attended a day of a training. Whoever has attended all of it by that has completed the training in every
 * course they are enrolled in, directly or through a learning track; also where the course is locked by now, since
 * attendance is often entered later than it happened. Attendance taken back uncompletes nothing.
 */
export function updateAttendance(ctx: Context, dayId: string, entries: readonly Attendance[]): Promise<void> {
  const { accountId } = ctx.caller;
  return ctx.write(async (tx) => {
    const { trainingId, userIds } = await recordAttendance(tx, ctx, dayId, entries);
    if (userIds.length === 0) return;
    const modules = await trainingModulesOf(tx, accountId, trainingId, userIds);
    const report = { status: 'complete', isView: false } as const;
    await recordAchievements(
      tx,
      accountId,
      modules.map((module) => ({ ...module, report })),
      ctx.now,
    );
  });
}
