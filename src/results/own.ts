import type { Context } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import type { Report } from '../progress/index.ts';
import type { WriteTx } from '../storage/index.ts';
import * as queries from './queries.ts';
import { record } from './record.ts';
import { isSelfReported } from './self-rules.ts';

/**
 * Records what learners do themselves: that they opened a part of what they are enrolled in, or are done with it. Refuses
 * what is not an enrollment of the caller like an unknown one; what is not open yet or locked; an unknown part; and to be
 * told that something is done which is not for the learner to say (a training, a quiz, a course that has modules).
 */
export const recordOwn = (
  ctx: Context,
  enrollmentId: string,
  {
    moduleId,
    status,
  }: { readonly moduleId?: string | undefined; readonly status: 'in_progress' | 'complete' },
): Promise<void> =>
  record(
    ctx,
    enrollmentId,
    { moduleId, report: { status } },
    {
      reach: 'everyone',
      enrollment: (found) => (found?.learnerId === ctx.caller.userId ? found : refuse('learning.unknown')),
      part: async (tx, part) => {
        const { contentType, hasModules } = await queries.natureOf(tx, ctx.caller.accountId, part);
        if (status === 'complete' && !isSelfReported(contentType, hasModules))
          refuse('learning.not_yours_to_say');
      },
    },
  );

/**
 * Records what a package says of its learner, who opened it: a status, a score. What else it wants to find again is kept
 * in the same transaction. Refuses as {@link recordOwn}, and what is no package.
 */
export const recordPackage = (
  ctx: Context,
  enrollmentId: string,
  {
    moduleId,
    report,
    keep,
  }: {
    readonly moduleId: string | undefined;
    readonly report: Omit<Report, 'isView'>;
    keep(tx: WriteTx, part: { readonly itemId: string; readonly moduleId: string | null }): Promise<void>;
  },
): Promise<void> =>
  record(
    ctx,
    enrollmentId,
    { moduleId, report, isView: false },
    {
      reach: 'everyone',
      enrollment: (found) => (found?.learnerId === ctx.caller.userId ? found : refuse('learning.unknown')),
      part: async (tx, part) => {
        const { contentType } = await queries.natureOf(tx, ctx.caller.accountId, part);
        if (contentType !== 'SCORM') refuse('learning.not_yours_to_say');
        await keep(tx, part);
      },
    },
  );
