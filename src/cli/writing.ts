import type { Context } from '../access/index.ts';
import type { Config } from '../config.ts';
import { Enrollments } from '../enrollment/index.ts';
import { newId } from '../kernel/ids.ts';
import { readOperation } from '../operations/index.ts';
import { ProgressBar } from './progress.ts';
import type { Flags } from './support.ts';

/** Runs what becomes one operation, with a bar of how much of it is written. */
export async function asOperation<T>(
  ctx: Context,
  { flags, config: { maxPairs } }: { readonly flags: Flags; readonly config: Config },
  work: (ctx: Context, enrollments: Enrollments) => Promise<T>,
): Promise<T> {
  const bar = new ProgressBar('Writing', !flags['json']);
  const named = { ...ctx, operationId: newId() };
  const look = async (): Promise<void> => {
    const { created, changed, unchanged, refused, total } = await readOperation(named, named.operationId);
    bar.update(created + changed + unchanged + refused, total);
  };
  const onWritten = (): void => void look().catch(() => undefined);
  const enrollments = new Enrollments(ctx.db, { maxPairs, onWritten });
  try {
    return await work(named, enrollments);
  } finally {
    bar.end();
    await enrollments.stop();
  }
}
