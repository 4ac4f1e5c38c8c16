import { toJson, toXml, XML_DECLARATION } from './encode.ts';
import type { Answer } from './route.ts';
import { boolean, list, object, text, type Wire } from './wire.ts';

/** Lists that go on: read page by page after a cursor, or as server-sent events. */

export interface Sent<T> {
  /** The cursor after it. */
  readonly id: string;
  readonly type: string;
  readonly value: T;
}

export interface CursorPage<T> {
  readonly items: readonly Sent<T>[];
  readonly nextCursor: string;
  /** Whether there may be more already. */
  readonly hasMore: boolean;
}

/** Milliseconds after which a client whose connection broke comes back. */
const RETRY_MS = 2_000;

/**
 * `{key: […], nextCursor, hasMore}`, or `<response><key><xmlItem>…</key><nextCursor><hasMore>`; for who asks for
 * text/event-stream, page after page of events.
 */
export function cursorPageOrStream<T>(
  item: Wire<T>,
  { key, xmlItem }: { key: string; xmlItem: string },
): Answer<CursorPage<T> | AsyncIterable<CursorPage<T>>> {
  const wire = object({ [key]: list(item, { item: xmlItem }), nextCursor: text(), hasMore: boolean() });
  return {
    status: 200,
    bodies: [{ json: wire.shape, xml: wire.shape }],
    xmlRoot: 'response',
    files: ['sse'],
    encode: (result, format) => {
      if (Symbol.asyncIterator in result) return writeEvents(item, result);
      const plain = { ...result, [key]: result.items.map(({ value }) => value) };
      return format === 'json'
        ? toJson(wire.shape, plain)
        : XML_DECLARATION + toXml(wire.shape, plain, 'response');
    },
  };
}

async function* writeEvents<T>(item: Wire<T>, pages: AsyncIterable<CursorPage<T>>): AsyncGenerator<string> {
  let before = `retry: ${RETRY_MS}\n`;
  for await (const { items, nextCursor } of pages) {
    const events = items.map(
      ({ id, type, value }) => `id: ${id}\nevent: ${type}\ndata: ${toJson(item.shape, value)}\n\n`,
    );
    // An id without data moves the place from which a client resumes, and is no event. The comment is for proxies.
    const isFurther = items.at(-1)?.id !== nextCursor;
    yield `${before}${events.join('')}${isFurther ? `: \nid: ${nextCursor}\n\n` : ''}`;
    before = '';
  }
}
