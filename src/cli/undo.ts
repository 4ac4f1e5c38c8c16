import type { Context } from '../access/index.ts';
import { DATABASE_OPTIONS } from '../config.ts';
import { previewUndo } from '../enrollment/index.ts';
import type { Command } from './main.ts';
import { firstOf, firstOutcomes, tellWritten } from './outcomes.ts';
import { ACTOR_OPTIONS, asUser, configOf, EXIT, type Flags, idOf, SHOWN, withDatabase } from './support.ts';
import { asOperation } from './writing.ts';

const OPTIONS = { ...DATABASE_OPTIONS, ...ACTOR_OPTIONS, preview: { type: 'boolean' } } as const;

export const undoCommand: Command = {
  name: 'undo',
  summary:
    'Undo an operation of the last 30 days, in the name of a user: what stood before comes back, with the same ids and progress. With --preview only say what would become of it. Ends with 4 if something is kept as it is; an undo is an operation and can be undone.',
  usage: 'ID --account URL --login L [--preview]',
  examples: [
    'rollbook undo 0198c0de-0000-7000-8000-000000000000 --account https://academy.example --login owner --preview',
    'rollbook undo 0198c0de-0000-7000-8000-000000000000 --account https://academy.example --login owner --json',
  ],
  run: async (argv) => {
    const { flags, config } = configOf(argv, OPTIONS, ['ID']);
    const operationId = idOf(flags, 'ID');
    const kept = await withDatabase(config, (db) =>
      asUser(db, flags, async (ctx) => {
        if (flags['preview']) return preview(ctx, flags, operationId);
        const undo = await asOperation(ctx, { flags, config }, (named, enrollments) =>
          enrollments.undo(named, operationId),
        );
        return tellUndo(ctx, flags, operationId, undo.operationId);
      }),
    );
    if (kept > 0) process.exitCode = EXIT.someRefused;
  },
};

export const cancelCommand: Command = {
  name: 'cancel',
  summary:
    'End an operation that is not complete, in the name of a user, and undo what it wrote: whichever server writes it stops after the chunk it is at. Waits until it is undone. Ends with 1 if the operation is complete already, with 4 if something is kept as it is.',
  usage: 'ID --account URL --login L',
  examples: [
    'rollbook cancel 0198c0de-0000-7000-8000-000000000000 --account https://academy.example --login owner',
  ],
  run: async (argv) => {
    const { flags, config } = configOf(argv, { ...DATABASE_OPTIONS, ...ACTOR_OPTIONS }, ['ID']);
    const operationId = idOf(flags, 'ID');
    const kept = await withDatabase(config, (db) =>
      asUser(db, flags, async (ctx) => {
        const undo = await asOperation(ctx, { flags, config }, (named, enrollments) =>
          enrollments.cancel(named, operationId),
        );
        return tellUndo(ctx, flags, operationId, undo.operationId);
      }),
    );
    if (kept > 0) process.exitCode = EXIT.someRefused;
  },
};

/** Tells what an undo came to; returns how much is kept as it is. */
async function tellUndo(ctx: Context, flags: Flags, causeId: string, operationId: string): Promise<number> {
  const { operation, some } = await firstOutcomes(ctx, operationId, ['unchanged', 'refused']);
  const { changed, unchanged, refused } = operation;
  return tell(flags, { operationId, causeId, changed, unchanged, refused }, some);
}

async function preview(ctx: Context, flags: Flags, operationId: string): Promise<number> {
  const { summary, outcomes } = await previewUndo(ctx, operationId);
  const { changed, unchanged, refused } = summary;
  const wanted = Math.min(SHOWN, unchanged + refused);
  const some = wanted === 0 ? [] : await firstOf(outcomes, ({ reason }) => reason !== undefined, wanted);
  return tell(flags, { causeId: operationId, changed, unchanged, refused }, some);
}

/** Returns how much is kept as it is. */
function tell(
  flags: Flags,
  answer: { operationId?: string; causeId: string; changed: number; unchanged: number; refused: number },
  some: Awaited<ReturnType<typeof firstOf>>,
): number {
  const count = answer.unchanged + answer.refused;
  tellWritten(flags, answer, { called: 'keptPairs', some, count });
  return count;
}
