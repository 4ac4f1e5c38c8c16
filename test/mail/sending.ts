import { sql } from 'kysely';
import { type NewMessage, type Notice, queueMail } from '../../src/mail/index.ts';
import type { Engine } from '../support/database.ts';
import { type Mailbox, startMailbox, type TakenMail } from '../support/mailbox.ts';
import { addCourse } from '../support/people.ts';
import { call, startWorld, type World, type WorldOptions } from '../support/server.ts';

/** What the tests of mail share: a world with a mail server, messages asked for, what became of them. */

export const NOW = new Date('2026-03-02T09:30:00Z');
export const HOUR_MS = 3_600_000;

/** As if everything that is said were so: whether it is, is not mail's affair, and not that of its tests. */
export const said = <C extends object>(config: C) => ({
  ...config,
  holds: async (_tx: unknown, _accountId: number, asked: readonly unknown[]) => asked.map(() => true),
});

const opened: { close(): Promise<void> }[] = [];

/** Closes it after the test, whether that passes or not: what stays open keeps the process. */
export function keep<T extends { close(): Promise<void> }>(thing: T): T {
  opened.push(thing);
  return thing;
}

/** What was opened last is closed first. */
export async function closeAll(): Promise<void> {
  for (let thing = opened.pop(); thing; thing = opened.pop()) await thing.close();
}

export interface Post {
  readonly world: World;
  readonly mailbox: Mailbox;
  close(): Promise<void>;
}

export async function startPost(engine: Engine, options: WorldOptions = {}): Promise<Post> {
  const mailbox = await startMailbox();
  const world = await startWorld(engine, { now: NOW, mail: said(mailbox.config), ...options });
  return {
    world,
    mailbox,
    close: async () => {
      await world.close();
      await mailbox.close();
    },
  };
}

let serial = 0;

/** Somebody with these profile fields; the id. */
export async function addPerson(
  world: World,
  fields: Record<string, string> = {},
  email?: string,
): Promise<string> {
  const login = `mail-${++serial}`;
  const answer = await call(world, 'POST', '/user', {
    json: {
      departmentId: world.account.rootDepartmentId,
      fields: { login, ...fields },
      email: email ?? `${login}@academy.example`,
    },
  });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.json as string;
}

export type AskedFor = Partial<NewMessage> & Pick<NewMessage, 'userId' | 'content'>;

/** Asks for messages; how many were new. */
export const ask = (world: World, messages: readonly AskedFor[]): Promise<number> =>
  world.db.write((tx) =>
    queueMail(
      tx,
      1,
      messages.map((message) => ({
        key: message.key ?? `key ${++serial}`,
        notBefore: message.notBefore ?? world.clock.now,
        userId: message.userId,
        content: message.content,
      })),
      world.clock.now,
    ),
  );

/** A notice that a new course is assigned. */
export async function assignment(world: World, title: string): Promise<Notice> {
  return { kind: 'assigned', itemId: await addCourse(world, 'Page', { title }), dueAt: null };
}

export interface MessageRow {
  readonly key: string;
  readonly state: string;
  readonly reason: string | null;
  readonly attempts: number;
  readonly status: string | null;
  readonly dueAt: Date;
}

/** Every message, in the order in which they were asked for. */
export async function messagesIn(world: World): Promise<MessageRow[]> {
  const { rows } = await world.db.read((tx) =>
    sql<MessageRow>`select key, state, reason, attempts, status, due_at as "dueAt" from mail_message order by message_id`.execute(
      tx,
    ),
  );
  return rows;
}

/** `state reason` of each. */
export const statesIn = async (world: World): Promise<string[]> =>
  (await messagesIn(world)).map(({ state, reason }) => (reason ? `${state} ${reason}` : state));

/** Lets some time pass. */
export function pass(world: World, ms: number): void {
  world.clock.now = new Date(world.clock.now.getTime() + ms);
}

export const recipients = (taken: readonly TakenMail[]): string[] => taken.flatMap(({ to }) => to).sort();
