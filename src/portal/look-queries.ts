import { sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { LogoType } from './look-rules.ts';

/** All SQL about what an account looks like on its pages. */

export interface Look {
  /** `#rrggbb`; null: ours */
  readonly accentColor: string | null;
  /** The name of its logo; null: none */
  readonly logo: string | null;
  readonly accountUrl: string;
}

export async function findLook(tx: ReadTx, accountId: number): Promise<Look> {
  const { rows } = await sql<Look>`
    select a.accent_color as "accentColor", l.name as logo, a.url as "accountUrl"
    from account a left join account_logo l on l.account_id = a.account_id
    where a.account_id = ${accountId}`.execute(tx);
  const [look] = rows;
  if (!look) throw new Error('an account is gone');
  return look;
}

export async function setAccentColor(tx: WriteTx, accountId: number, colour: string | null): Promise<void> {
  await sql`update account set accent_color = ${colour} where account_id = ${accountId}`.execute(tx);
}

export interface Logo {
  readonly name: string;
  readonly type: LogoType;
  readonly bytes: Buffer;
}

export async function setLogo(tx: WriteTx, accountId: number, logo: Logo, now: Date): Promise<void> {
  await sql`
    insert into account_logo (account_id, name, content_type, bytes, changed_at)
    values (${accountId}, ${logo.name}, ${logo.type}, ${logo.bytes}, ${now})
    on conflict (account_id) do update set name = excluded.name, content_type = excluded.content_type,
      bytes = excluded.bytes, changed_at = excluded.changed_at`.execute(tx);
}

export async function deleteLogo(tx: WriteTx, accountId: number): Promise<void> {
  await sql`delete from account_logo where account_id = ${accountId}`.execute(tx);
}

export async function findLogo(
  tx: ReadTx,
  accountId: number,
  name: string,
): Promise<Pick<Logo, 'type' | 'bytes'> | null> {
  const { rows } = await sql<{ type: LogoType; bytes: Uint8Array }>`
    select content_type as type, bytes from account_logo
    where account_id = ${accountId} and name = ${name}`.execute(tx);
  const [row] = rows;
  return row ? { type: row.type, bytes: Buffer.from(row.bytes) } : null;
}
