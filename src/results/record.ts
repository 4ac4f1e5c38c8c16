import { type Context, type Reach, reachOf } from '../access/index.ts';
import { isLocked } from '../enrollment/index.ts';
import { toInstantText } from '../kernel/dates.ts';
import { refuse } from '../kernel/errors.ts';
import { readEnrollmentId } from '../kernel/ids.ts';
import { type Achievement, type Report, recordAchievements } from '../progress/index.ts';
import type { WriteTx } from '../storage/index.ts';
import * as queries from './queries.ts';

/**
 * Records what became known about the learner of an enrollment: in the material or course as a whole, or in a part of
 * it. Refuses an ended enrollment like an unknown one (400, 403), one not open yet or locked, and an unknown part (400).
 */
export async function recordProgress(
  ctx: Context,
  id: string,
  { moduleId, ...report }: Omit<Report, 'isView'> & { readonly moduleId?: string | undefined },
): Promise<void> {
  const reach = reachOf(ctx.caller, 'enrollment.write');
  if (report.status === undefined && report.percent === undefined && report.score === undefined)
    refuse('request.invalid', {
      field: 'status',
      detail: 'is required where neither progress nor score is given',
    });
  await record(
    ctx,
    id,
    { moduleId, report },
    {
      reach,
      enrollment: (found) =>
        found ?? refuse(reach === 'everyone' ? 'enrollment.unknown' : 'auth.enrollment_scope', { ids: id }),
    },
  );
}

/** Records what became known, if the enrollment found is `permitted`, and the part is. */
export async function record(
  ctx: Context,
  id: string,
  {
    moduleId,
    report,
    isView = true,
  }: {
    readonly moduleId: string | undefined;
    readonly report: Omit<Report, 'isView'>;
    readonly isView?: boolean;
  },
  permitted: {
    readonly reach: Reach;
    enrollment(found: queries.Recordable | null): queries.Recordable;
    part?(tx: WriteTx, part: Pick<Achievement, 'itemId' | 'moduleId'>): Promise<void>;
  },
): Promise<void> {
  const { accountId } = ctx.caller;
  const spelled = readEnrollmentId(id);
  const key = spelled?.accountId === accountId ? spelled : { accountId, ...NOWHERE };
  await ctx.write(async (tx) => {
    const found = permitted.enrollment(await queries.lockEnrollment(tx, key, permitted.reach));
    if (ctx.now < found.accessAt) refuse('progress.not_open', { access: toInstantText(found.accessAt) });
    if (isLocked(found, ctx.now)) refuse('progress.locked', { due: toInstantText(found.dueAt ?? ctx.now) });
    const part = await locate(tx, accountId, found, moduleId);
    await permitted.part?.(tx, part);
    await recordAchievements(
      tx,
      accountId,
      [{ learnerId: found.learnerId, ...part, report: { ...report, isView } }],
      ctx.now,
    );
  });
}

/** No chunk has this number: another account's id costs the same statements as an unknown one. */
const NOWHERE = { chunk: -1n, ordinal: -1 };

/** Which material, course or module is meant. A learning track has no progress of its own to report. */
async function locate(
  tx: WriteTx,
  accountId: number,
  enrollment: queries.Recordable,
  moduleId: string | undefined,
): Promise<Pick<Achievement, 'itemId' | 'moduleId'>> {
  const { itemId, contentType } = enrollment;
  if (moduleId === undefined) {
    if (contentType === 'LearningTrack')
      refuse('request.invalid', { field: 'moduleId', detail: 'is required with a learning track' });
    return { itemId, moduleId: null };
  }
  const part =
    (await queries.findPart(tx, accountId, itemId, moduleId)) ??
    refuse('progress.unknown_module', { ids: moduleId });
  return { itemId: part.courseId, moduleId: part.moduleId };
}
