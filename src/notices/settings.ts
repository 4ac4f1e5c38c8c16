import type { Context } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import { lookAgainAtAll } from './look-again.ts';
import { lockPlace } from './queries.ts';
import { changed, objectionTo, type Reminder, type Settings } from './rules.ts';
import { findSettings, writeSettings } from './settings-queries.ts';

/** How an account tells people, and changing that. */

export const readSettings = (ctx: Context): Promise<Settings> =>
  ctx.read((tx) => findSettings(tx, ctx.caller.accountId));

/** Refuses `request.invalid` for a reminder that cannot be. What is new holds from now on, also of enrollments that are there. */
export async function changeSettings(
  ctx: Context,
  wanted: { readonly isEnabled: boolean; readonly reminders: readonly Reminder[] },
): Promise<Settings> {
  for (const [place, reminder] of wanted.reminders.entries()) {
    const objection = objectionTo(reminder);
    if (objection)
      refuse('request.invalid', {
        field: `reminders[${place}].${objection.field}`,
        detail: objection.detail,
      });
  }
  const { accountId } = ctx.caller;
  return ctx.write(async (tx) => {
    // Whoever notes dates meanwhile has done so by what was before, and they are looked at again; or waits for this.
    await lockPlace(tx, accountId);
    const settings = changed(await findSettings(tx, accountId), wanted, ctx.now);
    await writeSettings(tx, accountId, settings);
    await lookAgainAtAll(tx, accountId, ctx.now);
    return settings;
  });
}
