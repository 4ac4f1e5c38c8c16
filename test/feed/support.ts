import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { FeedEnd } from '../../src/feed/index.ts';
import { newId } from '../../src/kernel/ids.ts';
import { type CallOptions, call, type World } from '../support/server.ts';

/** Reads the feed as programs do: page by page, and as a stream. */

export interface Entry {
  readonly eventId: string;
  readonly type: string;
  readonly occurredAt: string;
  readonly operationId?: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface Page {
  readonly events: readonly Entry[];
  readonly nextCursor: string;
  readonly hasMore: boolean;
}

export type Server = Pick<World, 'url' | 'token'>;

export async function read(
  server: Server,
  query: Record<string, string | number | undefined> = {},
): Promise<Page> {
  const answer = await call(server, 'GET', `/events?${queryOf(query)}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json as Page;
}

const queryOf = (query: Record<string, string | number | undefined>): string =>
  new URLSearchParams(
    Object.entries(query).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  ).toString();

/** Everything after a cursor, page by page; `limit` is asked before each. */
export async function readAll(
  server: Server,
  { after, limit = () => 1_000, types }: { after?: string; limit?: () => number; types?: string } = {},
): Promise<{ events: Entry[]; cursor: string; pages: Page[] }> {
  const events: Entry[] = [];
  const pages: Page[] = [];
  for (let cursor = after; ; ) {
    const page = await read(server, { after: cursor, limit: limit(), types });
    events.push(...page.events);
    pages.push(page);
    cursor = page.nextCursor;
    if (!page.hasMore) return { events, cursor, pages };
  }
}

export async function post(server: Server, path: string, json?: unknown): Promise<string> {
  const options: CallOptions = json === undefined ? {} : { json };
  const answer = await call(server, 'POST', path, options);
  assert.ok(answer.status < 300, `${path}: ${answer.status} ${answer.text}`);
  return answer.headers.get('location')?.split('/').at(-1) ?? '';
}

export const enroll = (
  server: Server,
  courseIds: readonly string[],
  learnerIds: readonly string[],
): Promise<string> => post(server, '/enrollment', { courseIds, learnerIds, dueDateType: 'unlimited' });

/** So many users more, in one statement; their ids in order. */
export async function addUsers({ db, account }: World, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, newId);
  await db.write((tx) =>
    sql`insert into users (account_id, user_id, department_id, login, login_key, added_at)
      select ${account.accountId}, id, ${account.rootDepartmentId}, id::text, id::text, '2026-01-01'
      from unnest(${ids}::uuid[]) as u(id)`.execute(tx),
  );
  return ids;
}

export interface Message {
  readonly id: string;
  readonly event: string;
  readonly data: Entry;
}

export interface Stream {
  readonly messages: Message[];
  /** The id that a browser would send when it comes back. */
  lastId(): string;
  /** Waits until so many messages have come. */
  until(count: number): Promise<void>;
  /** Resolves when the server ends it. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Opens a stream of server-sent events, read as the standard says. */
export async function openStream(
  server: Server,
  query = '',
  headers: Record<string, string> = {},
): Promise<Stream> {
  const breaking = new AbortController();
  const response = await fetch(`${server.url}/events?${query}`, {
    headers: { authorization: `Bearer ${server.token}`, accept: 'text/event-stream', ...headers },
    signal: breaking.signal,
  });
  assert.equal(response.status, 200, await (response.status === 200 ? '' : response.text()));
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  const messages: Message[] = [];
  let [lastId, rest] = ['', ''];
  const take = (block: string): void => {
    const fields = Object.fromEntries(
      block
        .split('\n')
        .filter((line) => !line.startsWith(':'))
        .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    );
    if (fields['id'] !== undefined) lastId = fields['id'];
    if (fields['data'] !== undefined)
      messages.push({ id: lastId, event: fields['event'] ?? '', data: JSON.parse(fields['data']) });
  };
  const reading = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      const blocks = (rest + decoder.decode(part, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) take(block);
    }
  };
  const ended = reading().catch(() => undefined);
  return {
    messages,
    ended,
    lastId: () => lastId,
    until: async (count) => {
      const until = Date.now() + 10_000;
      while (messages.length < count) {
        assert.ok(Date.now() < until, `${messages.length} of ${count} messages came`);
        await new Promise((done) => setTimeout(done, 10));
      }
    },
    close: () => breaking.abort(),
  };
}

/** How the account's events stand in the database. */
export async function sealed({ db, account }: World): Promise<FeedEnd> {
  const { rows } = await db.read((tx) =>
    sql<{ position: string; events: string }>`
      select position, events from seal where account_id = ${account.accountId}`.execute(tx),
  );
  return { position: BigInt(rows[0]?.position ?? 0), events: BigInt(rows[0]?.events ?? 0) };
}
