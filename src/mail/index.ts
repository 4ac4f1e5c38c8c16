/**
 * Mail to people: messages that other modules ask for in their own transactions, and how they are sent. Who is told what,
 * and when, is not decided here; whether somebody may be written to, where, in which language and whether it is still
 * true is looked up when a message is sent.
 */
export { changeOwnPreferences, readOwnPreferences, switchMail } from './administer.ts';
export { type Digest, KINDS, type Kind, type LinkMessage, type Notice, type NoticeKind } from './kinds.ts';
export { headlinesOf, type OwnMessage, sentTo } from './own.ts';
export { countAsked, type NewMessage } from './queries.ts';
export { MAIL_JOB, queueMail } from './queue.ts';
export { mailRoutes } from './routes.ts';
export { DEFAULT_MAX_AGE_HOURS } from './rules.ts';
export { type Asked, type MailObserver, type MailOptions, MailSender } from './sender.ts';
export { forgetMail, hasOptedOut, type Preferences } from './settings-queries.ts';
export { readSmtpUrl, type SmtpTarget } from './smtp-url.ts';
