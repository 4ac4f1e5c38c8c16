import { sql } from 'kysely';
import { currentTerm } from '../progress/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { Attempt } from './package-rules.ts';

/** All SQL of what learners have come to in packages. */

/** Whose, and in what: a material, or a module of a course. */
export interface AttemptKey {
  readonly learnerId: string;
  readonly itemId: string;
  readonly moduleId: string | null;
  readonly fileId: string;
}

const NIL = '00000000-0000-0000-0000-000000000000';
const termOf = (accountId: number, { learnerId, itemId }: AttemptKey) =>
  currentTerm(accountId, sql`${learnerId}::uuid`, sql`${itemId}::uuid`);

/** What was kept of the file in the current term, and what the learner is called. */
export async function findAttempt(
  tx: ReadTx,
  accountId: number,
  key: AttemptKey,
): Promise<{ attempt: Attempt | null; learnerName: string }> {
  const { rows } = await sql<{ data: Attempt | null; first_name: string | null; last_name: string | null }>`
    select a.data, u.fields ->> 'FIRST_NAME' as first_name, u.fields ->> 'LAST_NAME' as last_name from users u
    left join package_attempt a on a.account_id = u.account_id and a.learner_id = u.user_id
      and a.item_id = ${key.itemId} and a.module_id = ${key.moduleId ?? NIL} and a.file_id = ${key.fileId}
      and a.term = ${termOf(accountId, key)}
    where u.account_id = ${accountId} and u.user_id = ${key.learnerId}`.execute(tx);
  const row = rows[0];
  const names = [row?.last_name, row?.first_name].filter(Boolean);
  return { attempt: row?.data ?? null, learnerName: names.join(', ') };
}

export async function saveAttempt(
  tx: WriteTx,
  accountId: number,
  key: AttemptKey,
  attempt: Attempt,
  now: Date,
): Promise<void> {
  await sql`
    insert into package_attempt (account_id, learner_id, item_id, module_id, term, file_id, data, saved_at)
    select ${accountId}, ${key.learnerId}, ${key.itemId}, ${key.moduleId ?? NIL}, ${termOf(accountId, key)}, ${key.fileId},
      ${JSON.stringify(attempt)}::jsonb, ${now}
    on conflict (account_id, learner_id, item_id, module_id) do update set
      term = excluded.term, file_id = excluded.file_id, data = excluded.data, saved_at = excluded.saved_at`.execute(
    tx,
  );
}
