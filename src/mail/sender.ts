import { newPasswordLink, type PasswordLink, signingKeyOf } from '../access/index.ts';
import type { Job, OutsideHandler, Recording } from '../jobs/index.ts';
import { DAY_MS, HOUR_MS } from '../kernel/dates.ts';
import { dayIn } from '../kernel/local-time.ts';
import type { Database, ReadTx, WriteTx } from '../storage/index.ts';
import { Circuit } from './circuit.ts';
import { type Account, compose, type Facts, isKnown } from './compose.ts';
import type { Content, Notice } from './kinds.ts';
import * as queries from './queries.ts';
import { sendAt } from './queue.ts';
import {
  backoffMs,
  entriesOf,
  isLinkMessage,
  maxAgeMs,
  merge,
  onlyThose,
  planWave,
  type Settings,
  wantedOf,
} from './rules.ts';
import * as settingsQueries from './settings-queries.ts';
import { signStop } from './signing.ts';
import type { SmtpTarget } from './smtp-url.ts';
import { type Handover, Transport } from './transport.ts';

/** How long one account's mail is sent before another's has its turn. */
const TURN_MS = 10_000;
/** Longer than a handover takes: whoever took a message and says nothing for so long is presumed dead. */
const CLAIM_MS = 60_000;
/** A turn, and the handovers that are under way at its end. */
const TURN_AT_MOST_MS = 45_000;
/** How often something is looked at that cannot be sent at present. */
const LOOK_AGAIN_MS = 10 * 60_000;
/** What became of a message is kept for so long, and its key known. */
const KEPT_MS = 90 * DAY_MS;

/** Something that is to be said to somebody. */
export interface Asked {
  readonly userId: string;
  readonly notice: Notice;
}

export interface MailObserver {
  /** Something became of messages. */
  settled(state: 'sent' | 'dropped' | 'failed', reason: string, messages: number): void;
  /** The mail server could not be reached, or refused to work. */
  serverFailed(status: string): void;
}

export interface MailOptions {
  /** null: there is no mail server. */
  readonly target: SmtpTarget | null;
  /** To the mail server, at the same time. */
  readonly connections: number;
  /** What is older is never sent, whatever an account says. */
  readonly maxAgeHours: number;
  readonly observer?: MailObserver | undefined;
  /** For the operator; nothing in it names a person. */
  readonly log?: ((facts: Readonly<Record<string, unknown>>, text: string) => void) | undefined;
  /** Whether what is to be said still holds, asked immediately before it is said; in the order of what is asked. */
  readonly holds?:
    | ((tx: ReadTx, accountId: number, asked: readonly Asked[], now: Date) => Promise<readonly boolean[]>)
    | undefined;
}

/** What stands in the way of an account's mail. */
export const DELIVERIES = ['on', 'switched_off', 'not_configured', 'server_down'] as const;
export type Delivery = (typeof DELIVERIES)[number];

/**
 * Sends what is due, account by account, in waves of no more messages than there are connections. Each wave is taken
 * under the lock of the account's settings, so that a switch that is off stops the next one, and handed over at once.
 */
export class MailSender {
  readonly #db: Database;
  readonly #options: MailOptions;
  readonly #clock: () => Date;
  readonly #transport: Transport | null;
  readonly #circuit = new Circuit();
  /** By account, when old messages were last deleted. */
  readonly #cleaned = new Map<number, number>();
  #isStopping = false;

  constructor(db: Database, options: MailOptions, clock: () => Date) {
    this.#db = db;
    this.#options = options;
    this.#clock = clock;
    this.#transport = options.target && new Transport(options.target, options.connections);
  }

  /** The job that sends an account's mail. It never dies: what cannot be sent is the messages' affair. */
  readonly handler: OutsideHandler = {
    // One account at a time has all connections: the mail server is the same for all.
    concurrency: 1,
    maxAttempts: 1_000_000_000,
    backoff: { firstMs: 5_000, longestMs: 5 * 60_000 },
    timeoutMs: TURN_AT_MOST_MS,
    run: (job, { signal }) => this.#serve(job, signal),
  };

  /** Looks at what waits, which may not have been sendable by whoever ran before. */
  async start(): Promise<void> {
    for (const accountId of await this.#db.read(queries.accountsWaiting)) {
      const now = this.#clock();
      await this.#db.write((tx) => sendAt(tx, accountId, now, now));
    }
  }

  /** Begins no other wave. */
  stop(): void {
    this.#isStopping = true;
  }

  /** To be called when no wave is under way any more. */
  close(): void {
    this.#transport?.close();
  }

  get maxAgeHours(): number {
    return this.#options.maxAgeHours;
  }

  /** How an account's mail fares, as far as this process knows. */
  deliveryOf(settings: Settings): Delivery {
    if (!this.#transport) return 'not_configured';
    if (!settings.isEnabled) return 'switched_off';
    return this.#circuit.isUp ? 'on' : 'server_down';
  }

  /** Whether the account sends mail, or would if the server worked: what is asked for now is going to be sent. */
  async isSentBy(tx: ReadTx, accountId: number): Promise<boolean> {
    const delivery = this.deliveryOf(await settingsQueries.findSettings(tx, accountId));
    return delivery === 'on' || delivery === 'server_down';
  }

  /** For whoever watches the server: whether mail is sent at all. */
  get server(): 'up' | 'down' | 'none' {
    if (!this.#transport) return 'none';
    return this.#circuit.isUp ? 'up' : 'down';
  }

  countWaiting(): Promise<number> {
    return this.#db.read(queries.countWaiting);
  }

  async #serve({ accountId }: Job, signal: AbortSignal): Promise<Recording> {
    const end = performance.now() + TURN_MS;
    await this.#clean(accountId);
    const mayGoOn = (): boolean => !this.#isStopping && !signal.aborted && performance.now() < end;
    while (mayGoOn() && this.#circuit.pausedUntil(this.#clock()) === null) {
      if (!(await this.#wave(accountId))) break;
    }
    return (tx) => this.#comeBack(tx, accountId);
  }

  /** Asks for the account's next turn: in the transaction that ends this one, so that nothing is forgotten in between. */
  async #comeBack(tx: WriteTx, accountId: number): Promise<void> {
    const now = this.#clock();
    const { dueAt, isEmpty } = await queries.nextDue(tx, accountId);
    if (isEmpty) return;
    const settings = await settingsQueries.findSettings(tx, accountId);
    const isBlocked = !this.#transport || !settings.isEnabled;
    const earliest = isBlocked
      ? new Date(now.getTime() + LOOK_AGAIN_MS)
      : (this.#circuit.pausedUntil(now) ?? now);
    const wanted = dueAt ?? new Date(now.getTime() + DAY_MS);
    await sendAt(tx, accountId, wanted > earliest ? wanted : earliest, now);
  }

  /** Drops what is too old, even where nothing can be sent, and from time to time forgets what is long over. */
  async #clean(accountId: number): Promise<void> {
    const now = this.#clock();
    const isTime = now.getTime() - (this.#cleaned.get(accountId) ?? 0) >= HOUR_MS;
    const dropped = await this.#db.write(async (tx) => {
      if (isTime) await queries.deleteSettled(tx, accountId, new Date(now.getTime() - KEPT_MS));
      const settings = await settingsQueries.findSettings(tx, accountId);
      return queries.dropOlder(tx, accountId, this.#oldest(settings, now), now);
    });
    if (isTime) this.#cleaned.set(accountId, now.getTime());
    this.#observe('dropped', 'too_old', dropped);
  }

  #oldest(settings: Settings, now: Date): Date {
    return new Date(now.getTime() - maxAgeMs(settings, this.#options.maxAgeHours));
  }

  #observe(state: 'sent' | 'dropped' | 'failed', reason: string, messages = 1): void {
    if (messages > 0) this.#options.observer?.settled(state, reason, messages);
  }

  /** Sends a wave; false when nothing more is to be sent at present. */
  async #wave(accountId: number): Promise<boolean> {
    const transport = this.#transport;
    if (!transport) return false;
    const taken = await this.#db.write((tx) => this.#take(tx, accountId));
    if (!taken) return false;
    for (const { state, reason } of taken.settled)
      if (state !== 'waiting') this.#observe(state, reason ?? '');
    if (taken.messages.length === 0) return true;
    const letters = await this.#read(accountId, taken);
    const now = this.#clock();
    const results = await Promise.all(letters.map((letter) => this.#send(transport, letter, now)));
    this.#noteServer(results.flatMap(({ handover }) => handover ?? []));
    const outcomes = results.map(({ outcome }) => outcome);
    await this.#db.write((tx) => queries.record(tx, accountId, outcomes, this.#clock()));
    for (const { state, reason } of outcomes) if (state !== 'waiting') this.#observe(state, reason ?? '');
    return true;
  }

  /** Takes what is due and settles what is not to be sent; null when nothing is due, or the switch is off. */
  async #take(tx: WriteTx, accountId: number): Promise<Wave | null> {
    const now = this.#clock();
    const settings = await settingsQueries.lockSettings(tx, accountId);
    const account = await settingsQueries.findAccount(tx, accountId);
    if (!settings.isEnabled || !account) return null;
    const due = await queries.dueMessages(tx, accountId, now, this.#size());
    if (due.length === 0) return null;
    const day = dayIn(now, account.timeZone);
    const counts = await queries.countsOf(tx, accountId, [...new Set(due.map(({ userId }) => userId))], day);
    const limits = { maxAgeHours: this.#options.maxAgeHours, timeZone: account.timeZone };
    const { send, settle } = planWave(due, counts, settings, limits, now);
    const settled = settle.map(({ message, verdict }) => ({
      ...outcomeOf(message.messageId, message.attempts),
      state: verdict.become,
      reason: verdict.become === 'waiting' ? ('cap' as const) : verdict.reason,
      dueAt: verdict.become === 'waiting' ? verdict.until : null,
    }));
    if (settled.length > 0) await queries.record(tx, accountId, settled, now);
    if (send.length > 0)
      await queries.claim(tx, accountId, send, { until: new Date(now.getTime() + CLAIM_MS), day });
    const before = this.#oldest(settings, now);
    await queries.mergeInto(
      tx,
      accountId,
      send.filter(({ wasPutOff }) => wasPutOff),
      { now, before },
    );
    return { account, settings, messages: send, settled };
  }

  /** As many as can be handed over at once; one, to try, while the server is away. */
  #size(): number {
    return this.#circuit.isUp ? this.#options.connections : 1;
  }

  /** What there is to know for the messages of a wave. */
  async #read(accountId: number, { account, settings, messages }: Wave): Promise<Sendable[]> {
    const key = await signingKeyOf(this.#db, accountId);
    const links = await this.#makeLinks(accountId, messages);
    return this.#db.read(async (tx) => {
      const ids = messages.filter(({ wasPutOff }) => wasPutOff).map(({ messageId }) => messageId);
      const merged = ids.length > 0 ? await queries.mergedContents(tx, accountId, ids) : new Map();
      const whole = messages.map((message) => {
        const others: Content[] | undefined = merged.get(message.messageId);
        return { message, content: others ? merge([message.content, ...others]) : message.content };
      });
      const facts = await queries.factsFor(
        tx,
        accountId,
        whole.map(({ content }) => content),
      );
      const holding = await this.#holding(tx, accountId, whole);
      return whole.map(({ message, content }) => {
        const { recipient } = message;
        const wanted = recipient && wantedOf(content, recipient);
        const known = wanted && onlyThose(wanted, (notice) => isKnown(notice, facts) && holding(notice));
        const link = links.get(message.messageId) ?? null;
        const said = known && isLinkMessage(known) && !link ? null : known;
        const stop = signStop(key, { accountId, userId: message.userId });
        return {
          message,
          content: said,
          reason: wanted ? ('obsolete' as const) : ('unsubscribed' as const),
          facts,
          account,
          settings,
          link,
          unsubscribeUrl: `${account.url.replace(/\/+$/, '')}/mail/unsubscribe/${stop}`,
        };
      });
    });
  }

  /** A link for each message that brings one, anew for each attempt: what was sent once is known to nobody here. */
  async #makeLinks(
    accountId: number,
    messages: readonly queries.DueMessage[],
  ): Promise<ReadonlyMap<string, PasswordLink>> {
    const links = new Map<string, PasswordLink>();
    if (!messages.some(({ content }) => isLinkMessage(content))) return links;
    const now = this.#clock();
    await this.#db.write(async (tx) => {
      for (const { messageId, userId, content, recipient } of messages) {
        if (!isLinkMessage(content) || !recipient?.address) continue;
        const wanted = { userId, address: recipient.address, purpose: content.kind };
        const link = await newPasswordLink(tx, accountId, wanted, now);
        if (link) links.set(messageId, link);
      }
    });
    return links;
  }

  async #holding(
    tx: ReadTx,
    accountId: number,
    whole: readonly { message: queries.DueMessage; content: Content }[],
  ): Promise<(notice: Notice) => boolean> {
    const { holds } = this.#options;
    if (!holds) return () => true;
    const asked = whole.flatMap(({ message, content }) =>
      entriesOf(content).map((notice) => ({ userId: message.userId, notice })),
    );
    const answers = await holds(tx, accountId, asked, this.#clock());
    const over = new Set(asked.filter((_, place) => !answers[place]).map(({ notice }) => notice));
    return (notice) => !over.has(notice);
  }

  async #send(
    transport: Transport,
    sendable: Sendable,
    now: Date,
  ): Promise<{ outcome: queries.Outcome; handover?: Handover }> {
    const { message, content, reason, account, settings } = sendable;
    const { recipient } = message;
    const attempt = message.attempts + 1;
    const outcome = outcomeOf(message.messageId, attempt);
    if (!content || !recipient?.address) return { outcome: { ...outcome, state: 'dropped', reason } };
    try {
      const letter = compose({ ...sendable, content, person: recipient, locale: settings.locale, now });
      const handover = await transport.send({
        ...letter,
        messageId: messageIdOf(account, message.messageId),
        date: now,
        fromName: settings.fromName ?? account.name,
        replyTo: settings.replyTo,
        to: recipient.address,
        unsubscribeUrl: letter.mayBeStopped ? sendable.unsubscribeUrl : null,
      });
      return { outcome: { ...outcome, ...this.#judge(handover, attempt), locale: letter.locale }, handover };
    } catch (error) {
      // Ours: the next version may be able to say it.
      const name = error instanceof Error ? error.name : 'error';
      this.#options.log?.(
        { messageId: message.messageId, kind: content.kind, error: name },
        'mail not composed',
      );
      return { outcome: { ...outcome, reason: 'error', dueAt: this.#later(attempt) } };
    }
  }

  #later(attempt: number): Date {
    return new Date(this.#clock().getTime() + backoffMs(attempt));
  }

  #judge(handover: Handover, attempt: number): Partial<queries.Outcome> {
    if (handover.is === 'accepted') return { state: 'sent' };
    const { status } = handover;
    if (handover.is === 'refused' && handover.isForever)
      return { state: 'failed', reason: 'undeliverable', status };
    return { reason: 'temporary', status, dueAt: this.#later(attempt) };
  }

  /** One message that it took, or refused for what it is, shows that the server works. */
  #noteServer(handovers: readonly Handover[]): void {
    const failures = handovers.filter((handover) => handover.is === 'unavailable');
    for (const { status } of failures) this.#options.observer?.serverFailed(status);
    if (handovers.length > failures.length) this.#circuit.works();
    else if (failures[0]) {
      this.#circuit.fails(this.#clock());
      this.#options.log?.({ status: failures[0].status }, 'the mail server does not work');
    }
  }
}

interface Wave {
  readonly account: Account;
  readonly settings: Settings;
  readonly messages: readonly queries.DueMessage[];
  readonly settled: readonly queries.Outcome[];
}

interface Sendable {
  readonly message: queries.DueMessage;
  /** null: nothing of it is to be said any more, for this reason */
  readonly content: Content | null;
  readonly reason: 'obsolete' | 'unsubscribed';
  readonly facts: Facts;
  readonly account: Account;
  readonly settings: Settings;
  readonly link: PasswordLink | null;
  readonly unsubscribeUrl: string;
}

const outcomeOf = (messageId: string, attempt: number): queries.Outcome => ({
  messageId,
  attempt,
  state: 'waiting',
  reason: null,
  dueAt: null,
  status: null,
  locale: null,
});

/** The same for every attempt at a message, so that a repetition is known as one. */
function messageIdOf({ accountId, url }: Account, messageId: string): string {
  const { hostname } = new URL(url);
  return `${messageId}.${accountId}@${/^\[/.test(hostname) ? 'localhost' : hostname}`;
}
