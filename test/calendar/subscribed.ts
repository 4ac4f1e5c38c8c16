import assert from 'node:assert/strict';
import { ACCOUNT_URL, call, type World } from '../support/server.ts';
import { type ReadEvent, readCalendar } from './parsers.ts';

/** A calendar program that subscribed to a user's calendar. */

/** A new address; the path of it on the server under test. */
export async function subscribe(
  world: World,
  userId: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const answer = await call(world, 'POST', `/user/${userId}/calendar`, { headers });
  assert.equal(answer.status, 201, answer.text);
  const { url } = answer.json as { url: string };
  assert.match(url, new RegExp(`^${ACCOUNT_URL}/calendar/[\\w-]{43}\\.ics$`));
  return url.slice(ACCOUNT_URL.length);
}

export const ask = (world: World, path: string, headers: Record<string, string> = {}) =>
  call(world, 'GET', path, { token: null, accept: 'text/calendar', headers });

/** What a program shows of the calendar, by the part of the UID before the host. */
export async function readEvents(world: World, path: string): Promise<Map<string, ReadEvent>> {
  const answer = await ask(world, path);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get('content-type'), 'text/calendar; charset=utf-8');
  const { name, events } = readCalendar(answer.text);
  assert.equal(name, 'Academy');
  return new Map(
    events.map((event) => {
      const [source = '', host] = event.uid.split('@');
      assert.equal(host, 'academy.example');
      return [source, event];
    }),
  );
}
