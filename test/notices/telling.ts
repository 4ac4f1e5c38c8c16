import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { JobRunner } from '../../src/jobs/index.ts';
import { Notifier } from '../../src/notices/index.ts';
import type { Database } from '../../src/storage/index.ts';
import { requestToken, type World } from '../support/server.ts';

/** What the tests of notices share: time that passes from job to job, and who was told what. */

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** Follows events and says what is due, as a process of its own would. */
export interface Telling {
  readonly notifier: Notifier;
  readonly jobs: JobRunner;
  /** Jobs that were not done: they are tried again, and would only be late. */
  readonly failures?: readonly string[];
}

export function tellingIn(world: Pick<World, 'clock'>, db: Database, maxAgeHours = 72): Telling {
  const clock = () => world.clock.now;
  const notifier = new Notifier(db, { maxAgeHours }, clock);
  const failures: string[] = [];
  const jobs = new JobRunner(db, notifier.handlers, clock, {
    observe: (job, ending, error) => {
      if (ending !== 'done') failures.push(`${job.kind} ${ending} ${String(error)}`);
    },
  });
  return { notifier, jobs, failures };
}

/** When the next job of notices is due. */
async function nextJob(db: Database): Promise<Date | null> {
  const { rows } = await db.read((tx) =>
    sql<{ run_at: Date | null }>`select min(run_at) as run_at from job where kind like 'notices.%'`.execute(
      tx,
    ),
  );
  return rows[0]?.run_at ?? null;
}

/** Lets time pass until an instant; each job runs just when it is due. */
export async function passUntil(world: World, telling: Telling, until: Date): Promise<void> {
  await telling.notifier.round();
  for (let turns = 0; turns < 100_000; turns++) {
    const next = await nextJob(world.db);
    if (!next || next > until) break;
    if (next > world.clock.now) world.clock.now = next;
    await telling.jobs.round();
    assert.deepEqual(telling.failures ?? [], []);
  }
  world.clock.now = until;
}

/** The world with a token that is good now. */
export const fresh = async (world: World): Promise<World> => ({
  ...world,
  token: await requestToken(world.url, world.account.clientId, world.account.clientSecret),
});

/** `kind user item [learner]` of everything that messages say, and when it was to be said, in order. */
export async function told(world: World): Promise<string[]> {
  const { rows } = await world.db.read((tx) =>
    sql<{ user_id: string; kind: string; data: Record<string, unknown>; not_before: Date }>`
      select user_id, kind, data, not_before from mail_message order by message_id`.execute(tx),
  );
  return rows.flatMap(({ user_id, kind, data }) => {
    const entries = kind === 'digest' ? (data['entries'] as Record<string, unknown>[]) : [{ kind, ...data }];
    return entries.map((entry) =>
      [
        entry['kind'],
        user_id,
        entry['itemId'] ?? entry['sessionId'] ?? entry['trainingId'],
        entry['learnerId'],
      ]
        .filter(Boolean)
        .join(' '),
    );
  });
}

export async function messageCount(world: World): Promise<number> {
  const { rows } = await world.db.read((tx) =>
    sql<{ n: number }>`select count(*)::int as n from mail_message`.execute(tx),
  );
  return rows[0]?.n ?? 0;
}
