import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { ENGINES } from '../support/database.ts';
import { loaded, type Place, placeOf } from '../support/place.ts';
import { killAll, type Running, serve } from '../support/process.ts';
import { count } from '../support/random.ts';
import { type BodyFormat, call, FORMATS, requestToken } from '../support/server.ts';

/** Whole lists stream: the server holds a page of them, however long they are and however slowly they are read. */

const USERS = count(5_000, 200_000);
/** What the second half of a list may take beyond the first; half a list of 200,000 users has 70 MB and more. */
const FLAT_BYTES = 40 * 1024 * 1024;
const WATCH_EVERY_MS = 100;
const MEGABYTE = 1024 * 1024;
/** What each user has once. */
const MARK = { json: '"userId":', xml: '<userId>' } as const;

/** How far a list has been read. */
interface Reading {
  status: number | undefined;
  users: number;
  bytes: number;
}

/** Reads a list to its end without keeping it; `pauseMs` is how long it stops after every megabyte. */
function read(
  reading: Reading,
  url: string,
  token: string,
  format: BodyFormat,
  pauseMs: number,
): Promise<void> {
  const mark = MARK[format];
  const headers = { authorization: token, accept: `application/${format}` };
  return new Promise((done, fail) => {
    const request = http.get(url, { headers }, (response) => {
      reading.status = response.statusCode;
      let [sincePause, tail] = [0, ''];
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        const text = tail + part;
        reading.users += text.split(mark).length - 1;
        // A mark that is cut in two is found with the next part.
        tail = text.slice(1 - mark.length);
        reading.bytes += part.length;
        sincePause += part.length;
        if (sincePause < MEGABYTE || pauseMs === 0) return;
        sincePause = 0;
        response.pause();
        setTimeout(() => response.resume(), pauseMs);
      });
      response.once('error', fail);
      response.once('end', done);
    });
    request.once('error', fail);
  });
}

if (ENGINES.includes('postgresql'))
  describe(`whole lists stream (${USERS} users)`, () => {
    let place: Place;
    let server: Running;
    let token: string;
    before(async () => {
      place = await placeOf('postgresql');
      const client = await loaded(place, USERS, 1);
      server = await serve(place.args);
      token = await requestToken(server.url, client.clientId, client.clientSecret);
    });
    after(async () => {
      await server?.end('SIGTERM');
      killAll();
      await place.remove();
    });

    async function memory(): Promise<number> {
      const { text } = await call({ url: server.url, token }, 'GET', '/metrics');
      return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1] ?? assert.fail(text));
    }

    /** Reads all users, and tells the most memory that the server had in each half. */
    async function watched(format: BodyFormat, pauseMs: number): Promise<Reading & { halves: number[] }> {
      const reading: Reading = { status: undefined, users: 0, bytes: 0 };
      const halves = [await memory(), 0];
      const watch = async (): Promise<void> => {
        const half = reading.users <= USERS / 2 ? 0 : 1;
        halves[half] = Math.max(halves[half] ?? 0, await memory());
      };
      const timer = setInterval(() => void watch().catch(() => undefined), WATCH_EVERY_MS);
      try {
        await read(reading, `${server.url}/user`, token, format, pauseMs);
        await watch();
        return { ...reading, halves };
      } finally {
        clearInterval(timer);
      }
    }

    for (const format of FORMATS)
      for (const [reader, pauseMs] of [
        ['a fast', 0],
        ['a slow', 30],
      ] as const)
        test(`GET /user in ${format}: everybody, and the server's memory stays flat, for ${reader} reader`, async (context) => {
          const { status, users, bytes, halves } = await watched(format, pauseMs);
          assert.equal(status, 200);
          // The owner stands beside them.
          assert.equal(users, USERS + 1);
          const [first = 0, second = 0] = halves;
          const told = `${bytes >> 20} MB were read; the server had ${first >> 20} MB at most in the first half, ${second >> 20} MB in the second`;
          context.diagnostic(told);
          assert.ok(second - first < FLAT_BYTES, told);
        });
  });
