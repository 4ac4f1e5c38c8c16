import type { Context } from '../access/index.ts';
import { type Outcome, outcomesOf, toOutcome } from '../enrollment/index.ts';
import type { OperationRow } from '../operations/index.ts';
import { type Flags, print, SHOWN } from './support.ts';

/** What commands print of the outcomes of an operation. */

type Kind = Outcome['outcome'];

/** The first of some kinds, as many as are printed; kinds that there are none of cost nothing. */
export async function firstOutcomes(
  ctx: Context,
  operationId: string,
  kinds: readonly Kind[],
): Promise<{ operation: OperationRow; some: Outcome[] }> {
  const { operation } = await outcomesOf(ctx, operationId);
  const some: Outcome[] = [];
  for (const kind of kinds.filter((one) => operation[one] > 0)) {
    const { outcomes } = await outcomesOf(ctx, operationId, kind);
    some.push(...(await firstOf(outcomes, () => true, SHOWN - some.length)));
  }
  return { operation, some };
}

export async function firstOf(
  outcomes: AsyncIterable<readonly Outcome[]>,
  isWanted: (outcome: Outcome) => boolean,
  count: number,
): Promise<Outcome[]> {
  const some: Outcome[] = [];
  for await (const page of outcomes) {
    some.push(...page.filter(isWanted).slice(0, count - some.length));
    if (some.length >= count) break;
  }
  return some;
}

/** What was not done: some of it, and how much there is. */
export interface NotDone {
  /** What it is called with --json. */
  readonly called: 'refusedPairs' | 'keptPairs';
  readonly some: readonly Outcome[];
  readonly count: number;
}

/** Prints what a write came to, and beside it some of what was not done; with --json both in one object. */
export function tellWritten(
  flags: Flags,
  answer: Readonly<Record<string, unknown>>,
  { called, some, count }: NotDone,
): void {
  if (flags['json']) {
    print(flags, { ...answer, [called]: some.map(toOutcome) });
    return;
  }
  print(flags, answer);
  for (const { learnerId, itemId, outcome, reason } of some)
    process.stderr.write(`learner ${learnerId}, content item ${itemId}: ${outcome}, ${reason}\n`);
  if (count > some.length)
    process.stderr.write(
      `and ${count - some.length} more; rollbook operations ID --outcomes lists them all\n`,
    );
}
