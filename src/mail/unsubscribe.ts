import { type Context, findSigningKey } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import type { ReadTx } from '../storage/index.ts';
import { voiceFor } from './language.ts';
import * as queries from './settings-queries.ts';
import { isStopSigned, readStop, type StopClaim } from './signing.ts';
import type { PageFacts } from './unsubscribe-page.ts';

/** What the link in a reminder leads to: whoever has the link may stop that person's reminders, and nothing else. */

type Public = Pick<Context, 'db' | 'now'>;

async function claimOf(tx: ReadTx, token: string): Promise<StopClaim | null> {
  const claim = readStop(token);
  if (!claim) return null;
  const key = await findSigningKey(tx, claim.accountId);
  return key && isStopSigned(key, token, claim) ? claim : null;
}

async function factsOf(tx: ReadTx, claim: StopClaim): Promise<PageFacts> {
  const account = await queries.findAccount(tx, claim.accountId);
  const settings = await queries.findSettings(tx, claim.accountId);
  const person = await queries.findPreferences(tx, claim.accountId, claim.userId, 'everyone');
  return {
    voice: voiceFor([person?.locale ?? null, settings.locale], account?.timeZone ?? 'UTC'),
    accountName: account?.name ?? '',
  };
}

/** What the page asks; null if the link is not one of ours. */
export const openStop = ({ db }: Public, token: string): Promise<PageFacts | null> =>
  db.read(async (tx) => {
    const claim = await claimOf(tx, token);
    return claim && factsOf(tx, claim);
  });

/** Sends somebody no more reminders, or again. Refuses a link that is not one of ours (404). */
export const setRemindersBy = (
  { db, now }: Public,
  token: string,
  wantsReminders: boolean,
): Promise<PageFacts> =>
  db.write(async (tx) => {
    const claim = (await claimOf(tx, token)) ?? refuse('mail.unknown_link');
    await queries.setReminders(tx, claim.accountId, claim.userId, wantsReminders, now);
    return factsOf(tx, claim);
  });
