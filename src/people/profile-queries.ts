import { sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';

/** SQL of the profile fields that an account has beside the standard ones. */

export interface ProfileField {
  readonly fieldId: string;
  /** Upper case */
  readonly name: string;
  readonly label: string;
}

/** Adds those whose names are new; returns how many those were. */
export async function insertFields(
  tx: WriteTx,
  accountId: number,
  fields: readonly ProfileField[],
): Promise<number> {
  const { rows } = await sql`
    insert into profile_field (account_id, field_id, name, label)
    select ${accountId}, * from unnest(${fields.map((field) => field.fieldId)}::uuid[],
      ${fields.map((field) => field.name)}::text[], ${fields.map((field) => field.label)}::text[])
    on conflict (account_id, name) do nothing returning field_id`.execute(tx);
  return rows.length;
}

/** In order of creation. */
export async function selectFields(tx: ReadTx, accountId: number): Promise<ProfileField[]> {
  const { rows } = await sql<{ field_id: string; name: string; label: string }>`
    select field_id, name, label from profile_field where account_id = ${accountId} order by field_id`.execute(
    tx,
  );
  return rows.map((row) => ({ fieldId: row.field_id, name: row.name, label: row.label }));
}
