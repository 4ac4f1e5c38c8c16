import type { ReadTx } from '../storage/index.ts';
import { headline, isKnown } from './compose.ts';
import type { Notice } from './kinds.ts';
import { voiceFor } from './language.ts';
import { sentMessages } from './list-queries.ts';
import { factsFor } from './queries.ts';
import { entriesOf } from './rules.ts';

/** What somebody may read again of what they were sent, and how things are called there. */

/** Something that a message said; a digest says several. */
export interface OwnMessage {
  readonly at: Date;
  readonly notice: Notice;
}

/** What somebody was told by mail, the latest first. */
export async function sentTo(
  tx: ReadTx,
  accountId: number,
  userId: string,
  limit: number,
): Promise<OwnMessage[]> {
  const sent = await sentMessages(tx, accountId, userId, limit);
  return sent
    .flatMap(({ at, content }) => entriesOf(content).map((notice) => ({ at, notice })))
    .slice(0, limit);
}

/** The line that a message about each of these has for its subject; null where what it is about is gone. */
export async function headlinesOf(
  tx: ReadTx,
  accountId: number,
  notices: readonly Notice[],
  { locale, timeZone }: { readonly locale: string; readonly timeZone: string },
): Promise<(string | null)[]> {
  const facts = await factsFor(tx, accountId, notices);
  const voice = voiceFor([locale], timeZone);
  return notices.map((notice) => (isKnown(notice, facts) ? headline(notice, facts, voice) : null));
}
