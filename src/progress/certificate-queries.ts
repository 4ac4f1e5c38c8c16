import { sql } from 'kysely';
import { type Reach, within } from '../access/index.ts';
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

/** A pair in one of its terms. */
export interface Term extends Pair {
  readonly term: number;
}

/** The latest certificate of each pair that was issued in the term or since, and by an instant if there is one. */
export async function latestOf(
  tx: ReadTx,
  accountId: number,
  terms: readonly Term[],
  at: Date | null,
): Promise<(Pair & { certificateId: string; issuedAt: Date })[]> {
  const { rows } = await sql<{
    learner_id: string;
    item_id: string;
    certificate_id: string;
    issued_at: Date;
  }>`
    select distinct on (c.learner_id, c.item_id) c.learner_id, c.item_id, c.certificate_id, c.issued_at
    from unnest(${terms.map((pair) => pair.learnerId)}::uuid[], ${terms.map((pair) => pair.itemId)}::uuid[],
                ${terms.map(({ term }) => term)}::int2[]) as w(learner_id, item_id, term)
    join certificate c on c.account_id = ${accountId} and c.learner_id = w.learner_id and c.item_id = w.item_id
      and c.term >= w.term ${at ? sql`and c.issued_at <= ${at}` : sql``}
    order by c.learner_id, c.item_id, c.term desc`.execute(tx);
  return rows.map((row) => ({
    learnerId: row.learner_id,
    itemId: row.item_id,
    certificateId: row.certificate_id,
    issuedAt: row.issued_at,
  }));
}

/** Whether a certificate is of a current enrollment of somebody within reach, in its term or since. */
export async function isCurrent(
  tx: ReadTx,
  accountId: number,
  certificateId: string,
  reach: Reach,
): Promise<boolean> {
  const { rows } = await sql`
    select from certificate c
    join enrollment e on e.account_id = c.account_id and e.learner_id = c.learner_id and e.item_id = c.item_id and c.term >= e.term
    join users u on u.account_id = c.account_id and u.user_id = c.learner_id
    where c.account_id = ${accountId} and c.certificate_id = ${certificateId} and ${within(reach, sql`u.department_id`)}`.execute(
    tx,
  );
  return rows.length > 0;
}

/** Whether a certificate was issued to somebody. */
export async function isOf(
  tx: ReadTx,
  accountId: number,
  certificateId: string,
  learnerId: string,
): Promise<boolean> {
  const { rows } = await sql`select from certificate
    where account_id = ${accountId} and certificate_id = ${certificateId} and learner_id = ${learnerId}`.execute(
    tx,
  );
  return rows.length > 0;
}

/** A certificate as it was issued, whether its enrollment still runs or not. */
export async function findCertificate(
  tx: ReadTx,
  accountId: number,
  certificateId: string,
): Promise<Certificate | null> {
  const { rows } = await sql<{
    holder_name: string;
    title: string;
    issued_at: Date;
    name: string;
    url: string;
  }>`
    select c.holder_name, c.title, c.issued_at, a.name, a.url
    from certificate c join account a on a.account_id = c.account_id
    where c.account_id = ${accountId} and c.certificate_id = ${certificateId}`.execute(tx);
  const row = rows[0];
  return row
    ? {
        certificateId,
        holderName: row.holder_name,
        title: row.title,
        issuedAt: row.issued_at,
        accountName: row.name,
        accountUrl: row.url,
      }
    : null;
}

/** The account's signing key, null before the first signature; and where its links lead. */
export async function findSigner(
  tx: ReadTx,
  accountId: number,
): Promise<{ key: Buffer | null; accountUrl: string } | null> {
  const { rows } = await sql<{ key: Buffer | null; url: string }>`
    select k.key, a.url from account a left join signing_key k on k.account_id = a.account_id
    where a.account_id = ${accountId}`.execute(tx);
  const row = rows[0];
  return row ? { key: row.key, accountUrl: row.url } : null;
}
