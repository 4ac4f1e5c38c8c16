import { type Context, reachOf, requireAdministrator } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { isStandardField } from '../kernel/profile-fields.ts';
import type { WriteTx } from '../storage/index.ts';
import * as queries from './profile-queries.ts';
import { labelOf } from './rules.ts';

/**
 * Profile fields: those every user has, and the account's own. A program that writes a user with a field of a new name
 * thereby defines it, as programs written for the contract know no other way; an administrator may do so first.
 */

/** To be called with the names of every field that is written (upper case). */
export async function noteFields(tx: WriteTx, accountId: number, names: readonly string[]): Promise<void> {
  const own = names.filter((name) => !isStandardField(name));
  if (own.length === 0) return;
  const fields = own.map((name) => ({ fieldId: newId(), name, label: labelOf(name) }));
  await queries.insertFields(tx, accountId, fields);
}

/** Defines a field of the account's own; returns its id. Refuses a name that is taken (409). */
export function defineField(
  ctx: Context,
  input: { name: string; label?: string | undefined },
): Promise<string> {
  requireAdministrator(ctx.caller);
  const name = input.name.trim().toUpperCase();
  const field = { fieldId: newId(), name, label: input.label?.trim() || labelOf(name) };
  return ctx.write(async (tx) => {
    if (isStandardField(name) || (await queries.insertFields(tx, ctx.caller.accountId, [field])) === 0)
      refuse('people.field_taken', { name });
    return field.fieldId;
  });
}

/** The account's own fields, for whoever may see users. */
export function listFields(ctx: Context): Promise<queries.ProfileField[]> {
  reachOf(ctx.caller, 'user.read');
  return ctx.read((tx) => queries.selectFields(tx, ctx.caller.accountId));
}
