import { sql } from 'kysely';
import { newId } from '../kernel/ids.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { Pair, Standing } from './queries.ts';

/** All SQL of certificates and the keys they are signed with. */

export interface Certificate {
  readonly certificateId: string;
  readonly holderName: string;
  readonly title: string;
  readonly issuedAt: Date;
  readonly accountName: string;
  readonly accountUrl: string;
}

/** SQL: how a certificate names its holder: the profile's names, or the login where there are none. */
const HOLDER = sql`coalesce(nullif(trim(concat_ws(' ', u.fields->>'FIRST_NAME', u.fields->>'LAST_NAME')), ''), u.login)`;

/** Issues what is due for completed pairs that the learner is enrolled in; one that was issued for the term stays. */
export async function issue(
  tx: WriteTx,
  accountId: number,
  completed: readonly Standing[],
  now: Date,
): Promise<void> {
  await sql`
    insert into certificate (account_id, certificate_id, learner_id, item_id, term, holder_name, title, issued_at)
    select ${accountId}, w.id, w.learner_id, w.item_id, w.term, ${HOLDER}, i.title, ${now}
    from unnest(${completed.map(() => newId())}::uuid[], ${completed.map((row) => row.learnerId)}::uuid[],
                ${completed.map((row) => row.itemId)}::uuid[], ${completed.map((row) => row.term)}::int2[])
      as w(id, learner_id, item_id, term)
    join enrollment e on e.account_id = ${accountId} and e.learner_id = w.learner_id and e.item_id = w.item_id
    join users u on u.account_id = ${accountId} and u.user_id = w.learner_id
    join content_item i on i.account_id = ${accountId} and i.item_id = w.item_id
    on conflict (account_id, learner_id, item_id, term) do nothing`.execute(tx);
}

/** The latest certificate of each pair that was issued in the term of its current enrollment or since. */
export async function latestOf(
  tx: ReadTx,
  accountId: number,
  pairs: readonly Pair[],
): Promise<(Pair & { certificateId: string; issuedAt: Date })[]> {
  const { rows } = await sql<{
    learner_id: string;
    item_id: string;
    certificate_id: string;
    issued_at: Date;
  }>`
    select distinct on (c.learner_id, c.item_id) c.learner_id, c.item_id, c.certificate_id, c.issued_at
    from unnest(${pairs.map((pair) => pair.learnerId)}::uuid[], ${pairs.map((pair) => pair.itemId)}::uuid[]) as w(learner_id, item_id)
    join enrollment e on e.account_id = ${accountId} and e.learner_id = w.learner_id and e.item_id = w.item_id
    join certificate c on c.account_id = ${accountId} and c.learner_id = w.learner_id and c.item_id = w.item_id and c.term >= e.term
    order by c.learner_id, c.item_id, c.term desc`.execute(tx);
  return rows.map((row) => ({
    learnerId: row.learner_id,
    itemId: row.item_id,
    certificateId: row.certificate_id,
    issuedAt: row.issued_at,
  }));
}
