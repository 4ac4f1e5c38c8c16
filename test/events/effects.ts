import { sql } from 'kysely';
import { learnersOf } from '../../src/enrollment/index.ts';
import { PAIR_TYPES, type PairEventType } from '../../src/events/index.ts';
import { endOf, eventsOf } from '../../src/feed/index.ts';
import { enrollmentId } from '../../src/kernel/ids.ts';
import { seal, sealState } from '../../src/operations/index.ts';
import type { Database } from '../../src/storage/index.ts';

/** What some work did to enrollments, and what was told of it: two answers that know nothing of each other. */

/** `enrollment learner item` by type, sorted; whoever is told twice stands twice. */
export type Effects = Readonly<Record<PairEventType, readonly string[]>>;

export interface Account {
  readonly db: Database;
  readonly accountId: number;
}

/** Runs the work; `told` is what events say of it, `done` what the table of enrollments says. */
export async function effectsOf(
  account: Account,
  work: () => Promise<void>,
): Promise<{ told: Effects; done: Effects }> {
  const from = await end(account);
  const before = await current(account);
  await work();
  const done = differences(before, await current(account));
  return { told: await toldSince(account, from), done };
}

async function end({ db, accountId }: Account) {
  await seal(db, accountId);
  return endOf(await db.read((tx) => sealState(tx, accountId)));
}

const AT_ONCE = 10_000;

async function toldSince(account: Account, from: Awaited<ReturnType<typeof end>>): Promise<Effects> {
  const { db, accountId } = account;
  const { position, number: events } = await end(account);
  return db.read(async (tx) => {
    const range = { after: from, upTo: { position, events }, types: PAIR_TYPES, limit: AT_ONCE };
    const pairs = (await eventsOf(tx, accountId, range)).flatMap((event) => event.pairs ?? []);
    const concerned = await learnersOf(
      tx,
      accountId,
      pairs.map((event) => ({ ...event, after: -1 })),
      AT_ONCE,
    );
    // An event says how many it concerns before they are named.
    for (const [no, { learners }] of pairs.entries()) {
      const named = concerned.filter((one) => one.no === no).length;
      if (named !== learners) throw new Error(`an event of ${learners} learners names ${named}`);
    }
    return byType(
      concerned.map((one) => {
        const { eventType = PAIR_TYPES[0], itemId } = pairs[one.no] ?? {};
        return [eventType, `${one.enrollmentId} ${one.learnerId} ${itemId}`];
      }),
    );
  });
}

const byType = (entries: readonly (readonly [PairEventType, string])[]): Effects => {
  const of = (type: PairEventType) => entries.flatMap(([own, text]) => (own === type ? [text] : [])).sort();
  return {
    LEARNERS_ENROLLED_IN_COURSE: of('LEARNERS_ENROLLED_IN_COURSE'),
    ENROLLMENTS_CHANGED: of('ENROLLMENTS_CHANGED'),
    LEARNERS_UNENROLLED: of('LEARNERS_UNENROLLED'),
  };
};

/** Learner and item → which enrollment, on which terms. */
type Current = ReadonlyMap<string, { readonly id: string; readonly terms: string }>;

async function current({ db, accountId }: Account): Promise<Current> {
  const { rows } = await db.read((tx) =>
    sql<{ pair: string; chunk: string; ordinal: number; terms: string }>`
      select learner_id || ' ' || item_id as pair, chunk, ordinal,
        concat_ws(' ', access_at, due_at, due_period_hours, due_rule, lock_after_due) as terms
      from enrollment where account_id = ${accountId}`.execute(tx),
  );
  return new Map(
    rows.map(({ pair, chunk, ordinal, terms }) => [
      pair,
      { id: enrollmentId({ accountId, chunk: BigInt(chunk), ordinal }), terms },
    ]),
  );
}

/** Another enrollment of a pair is told as one that began; an end only where nothing is in its place. */
function differences(before: Current, after: Current): Effects {
  const entries: [PairEventType, string][] = [];
  for (const [pair, { id, terms }] of after) {
    const earlier = before.get(pair);
    if (earlier?.id !== id) entries.push(['LEARNERS_ENROLLED_IN_COURSE', `${id} ${pair}`]);
    else if (earlier.terms !== terms) entries.push(['ENROLLMENTS_CHANGED', `${id} ${pair}`]);
  }
  for (const [pair, { id }] of before)
    if (!after.has(pair)) entries.push(['LEARNERS_UNENROLLED', `${id} ${pair}`]);
  return byType(entries);
}
