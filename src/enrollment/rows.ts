import { type Context, StaleRights } from '../access/index.ts';
import { sortedDistinct } from '../kernel/id-set.ts';
import { reachesOf } from './judge.ts';
import { IDS_AT_ONCE } from './limits.ts';
import { loadForEnrollment } from './queries.ts';
import type { RefusalReason } from './reasons.ts';
import { currentOf } from './row-queries.ts';
import { type Existing, judgeRow, type RowTerms, type Verdict } from './row-rules.ts';
import { surveyLearners } from './rules.ts';

/** Rows as a table has them: each names one learner, one content item, and terms of its own. */

export interface WantedRow {
  readonly learnerId: string;
  readonly itemId: string;
  readonly terms: RowTerms;
}

/**
 * What each row leads to; nothing is written. The rows name different pairs. As many statements for ten thousand of
 * them as for one. Throws StaleRights.
 */
export async function judgeRows(
  ctx: Context,
  rows: readonly WantedRow[],
  existing: Existing,
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (let at = 0; at < rows.length; at += IDS_AT_ONCE)
    for (const row of await judgeSome(ctx, rows.slice(at, at + IDS_AT_ONCE), existing)) verdicts.push(row);
  return verdicts;
}

async function judgeSome(ctx: Context, rows: readonly WantedRow[], existing: Existing): Promise<Verdict[]> {
  const { accountId, rightsVersion } = ctx.caller;
  const learnerIds = sortedDistinct(rows.map((row) => row.learnerId));
  const itemIds = sortedDistinct(rows.map((row) => row.itemId));
  const [loaded, current] = await ctx.read(async (tx) => [
    await loadForEnrollment(tx, accountId, learnerIds, itemIds, ctx.now),
    await currentOf(tx, accountId, rows),
  ]);
  if (loaded.rightsVersion !== rightsVersion) throw new StaleRights();
  const faults = new Map<string, RefusalReason>();
  surveyLearners(faults, learnerIds, loaded.learners, reachesOf(ctx.caller));
  return rows.map((wanted, place) => {
    const enrolled = current[place] ?? null;
    const asked = { ...wanted, learnerFault: faults.get(wanted.learnerId), enrolled };
    return judgeRow(asked, existing, loaded, ctx.now);
  });
}
