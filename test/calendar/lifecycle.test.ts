import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { type Scenario, scenarios } from '../behaviour/runner.ts';
import { enroll, record } from '../support/learning.ts';
import { addCourse, addSession, addTraining, addUser, daysOf } from '../support/people.ts';
import { call, requestToken, type World } from '../support/server.ts';
import { ask, readEvents, subscribe } from './subscribed.ts';

/** A learner's calendar, read after each thing that happens, by three parsers each time. */

const NOW = new Date('2026-11-26T09:00:00Z');
const DAY_MS = 86_400_000;
const due = (dueDate: string): Record<string, unknown> => ({
  dueDateType: 'due_date',
  dueDate,
  accessDate: '2026-01-01',
});

async function done(world: World, path: string, json: Record<string, unknown>, status = 200): Promise<void> {
  const answer = await call(world, 'POST', path, { json });
  assert.equal(answer.status, status, answer.text);
}

/** `sequence` and whether cancelled, of each event. */
async function states(world: World, path: string): Promise<Record<string, string>> {
  const events = await readEvents(world, path);
  return Object.fromEntries(
    [...events].map(([id, { sequence, isCancelled }]) => [
      id,
      `${sequence}${isCancelled ? ' cancelled' : ''}`,
    ]),
  );
}

/** Does something that long after now; the owner's token of today has expired then. */
async function later(world: World, ms: number, act: (token: () => Promise<string>) => Promise<void>) {
  world.clock.now = new Date(NOW.getTime() + ms);
  const { clientId, clientSecret } = world.account;
  await act(() => requestToken(world.url, clientId, clientSecret));
  world.clock.now = NOW;
}

const DUE_DATES: readonly Scenario[] = [
  [
    'a due date is an instant with the title, the status and a link',
    async ({ world }) => {
      const learner = await addUser(world);
      const title = 'Fire, safety; “a\\b” 🔥 שלום عربى '.repeat(6).trim();
      const course = await addCourse(world, 'Course', { title });
      const enrollment = await enroll(world, learner, course, {
        ...due('2026-12-24'),
        lockAfterDueDate: true,
      });
      const path = await subscribe(world, learner);
      const event = (await readEvents(world, path)).get(enrollment) ?? assert.fail();
      assert.deepEqual(event, {
        uid: `${enrollment}@academy.example`,
        sequence: 0,
        start: new Date('2026-12-24T23:59:59Z'),
        end: new Date('2026-12-24T23:59:59Z'),
        summary: `Due: ${title}`,
        description: 'Status: Not started\nCloses after the due date.\nhttps://academy.example',
        location: '',
        url: 'https://academy.example',
        isCancelled: false,
        changedAt: world.clock.now,
      });
    },
  ],
  [
    'assigned, edited, begun, completed: each change is one higher, and what is done is cancelled',
    async ({ world, post }) => {
      const learner = await addUser(world);
      const path = await subscribe(world, learner);
      assert.deepEqual(await states(world, path), {});
      const course = await addCourse(world);
      const id = await enroll(world, learner, course, due('2026-12-24'));
      assert.deepEqual(await states(world, path), { [id]: '0' });
      await enroll(world, learner, await addCourse(world));
      assert.deepEqual(await states(world, path), { [id]: '0' }, 'what is never due is not shown');
      const edit = (dueDate: string) => post(`/enrollment/${id}`, due(dueDate));
      assert.equal((await edit('2026-12-31 12:00:00')).status, 200);
      assert.deepEqual(await states(world, path), { [id]: '1' });
      assert.deepEqual(
        (await readEvents(world, path)).get(id)?.start,
        new Date('2026-12-31T12:00:00Z'),
        'moved under the same UID',
      );
      assert.equal((await edit('2026-12-31 12:00:00')).status, 200);
      assert.deepEqual(await states(world, path), { [id]: '1' }, 'edited to what it was: told already');
      await record(world, id, { status: 'in_progress' });
      assert.deepEqual(await states(world, path), { [id]: '2' });
      assert.match((await readEvents(world, path)).get(id)?.description ?? '', /^Status: In progress\n/);
      await done(world, `/content/${course}`, { title: 'Renamed' });
      const renamed = (await readEvents(world, path)).get(id);
      assert.equal(`${renamed?.sequence} ${renamed?.summary}`, '3 Due: Renamed');
      await record(world, id, { status: 'complete' });
      assert.deepEqual(await states(world, path), { [id]: '4 cancelled' });
      assert.equal((await readEvents(world, path)).get(id)?.summary, 'Due: Renamed');
    },
  ],
  [
    'the due date taken away: cancelled; given again: back, higher',
    async ({ world, post }) => {
      const learner = await addUser(world);
      const id = await enroll(world, learner, await addCourse(world), due('2026-12-24'));
      const path = await subscribe(world, learner);
      assert.deepEqual(await states(world, path), { [id]: '0' });
      assert.equal((await post(`/enrollment/${id}`, { dueDateType: 'unlimited' })).status, 200);
      assert.deepEqual(await states(world, path), { [id]: '1 cancelled' });
      assert.deepEqual(await states(world, path), { [id]: '1 cancelled' });
      assert.equal((await post(`/enrollment/${id}`, due('2026-12-24'))).status, 200);
      assert.deepEqual(await states(world, path), { [id]: '2' });
    },
  ],
  [
    'unenrolled: cancelled for thirty days; enrolled again: another event; undone: the first one is back',
    async ({ world }) => {
      const learner = await addUser(world);
      const course = await addCourse(world);
      const first = await enroll(world, learner, course, due('2027-06-01'));
      const path = await subscribe(world, learner);
      assert.deepEqual(await states(world, path), { [first]: '0' });
      const ended = await call(world, 'POST', '/enrollment/delete', { json: { enrollmentIds: [first] } });
      assert.equal(ended.status, 204, ended.text);
      assert.deepEqual(await states(world, path), { [first]: '1 cancelled' });
      const undone = await call(world, 'POST', `${ended.headers.get('location')}/undo`, { json: {} });
      assert.ok(undone.status < 300, undone.text);
      assert.deepEqual(await states(world, path), { [first]: '2' });
      await done(world, '/enrollment/delete', { enrollmentIds: [first] }, 204);
      const second = await enroll(world, learner, course, due('2027-07-01'));
      assert.deepEqual(await states(world, path), { [first]: '3 cancelled', [second]: '0' });
      await later(world, 30 * DAY_MS, async () =>
        assert.deepEqual(await states(world, path), { [second]: '0' }),
      );
    },
  ],
  [
    're-enrolled: the old term is cancelled, the new one is an event of its own',
    async ({ world, post }) => {
      const learner = await addUser(world);
      const first = await enroll(world, learner, await addCourse(world), due('2026-12-24'));
      const path = await subscribe(world, learner);
      assert.deepEqual(await states(world, path), { [first]: '0' });
      const answer = await post(`/enrollment/${first}/reenroll`, due('2027-12-24'));
      assert.ok(answer.status < 300, answer.text);
      const after = await states(world, path);
      assert.equal(after[first], '1 cancelled');
      const [second = ''] = Object.keys(after).filter((id) => id !== first);
      assert.equal(after[second], '0');
    },
  ],
  [
    'what was due long ago is shown for ninety days, then no more, and not as cancelled',
    async ({ world, post }) => {
      const learner = await addUser(world);
      const id = await enroll(world, learner, await addCourse(world), due('2026-11-27 09:00:00'));
      const path = await subscribe(world, learner);
      assert.deepEqual(await states(world, path), { [id]: '0' });
      await later(world, 91 * DAY_MS, async () => assert.deepEqual(await states(world, path), { [id]: '0' }));
      await later(world, 91 * DAY_MS + 1, async (token) => {
        assert.deepEqual(await states(world, path), {});
        const edit = async (dueDate: string) =>
          (await post(`/enrollment/${id}`, due(dueDate), await token())).status;
        assert.equal(await edit('2028-01-01'), 200);
        assert.deepEqual(await states(world, path), { [id]: '1' }, 'the sequence went on');
        assert.equal(await edit('2026-02-01'), 200);
        assert.deepEqual(await states(world, path), { [id]: '2 cancelled' }, 'moved out of sight');
      });
    },
  ],
];

/** Two days around the change of the clock in Berlin: 26 October 2025 and 29 March 2026 for a start. */
const BERLIN = { timeZone: 'Europe/Berlin' };
const DAYS = [
  { startTime: '2027-10-30 07:00:00', duration: 7_200, location: 'Room 1; left, “Nord”' },
  { startTime: '2027-10-31 00:30:00', duration: 10_800, url: 'https://meet.example/a?b=1,2;c=d' },
];

const SESSIONS: readonly Scenario[] = [
  [
    'each day of a session is an event, at the right instants on the days on which the clocks change',
    async ({ world }) => {
      const learner = await addUser(world);
      const named = await call(world, 'POST', '/user', {
        json: {
          departmentId: world.account.rootDepartmentId,
          fields: { login: `t-${Math.random()}`, first_name: 'Ada', last_name: 'Łoś, Dr.' },
        },
      });
      const training = await addTraining(world, { ...BERLIN, title: 'First aid' });
      const session = await addSession(world, training, {
        title: 'Autumn',
        instructor: named.json,
        days: DAYS,
      });
      await done(world, `/training/session/${session}/participants`, { userIds: [learner] });
      const path = await subscribe(world, learner);
      const events = [...(await readEvents(world, path)).values()];
      assert.deepEqual(
        events.map(({ uid }) => uid.split('@')[0]),
        await daysOf(world, session),
      );
      assert.deepEqual(
        events.map(({ start, end }) => `${start.toISOString()} ${end.toISOString()}`),
        [
          '2027-10-30T07:00:00.000Z 2027-10-30T09:00:00.000Z',
          '2027-10-31T00:30:00.000Z 2027-10-31T03:30:00.000Z',
        ],
      );
      assert.deepEqual(
        events.map(({ summary, location, url }) => [summary, location, url]),
        [
          ['First aid: Autumn (1/2)', 'Room 1; left, “Nord”', 'https://academy.example'],
          ['First aid: Autumn (2/2)', 'https://meet.example/a?b=1,2;c=d', 'https://meet.example/a?b=1,2;c=d'],
        ],
      );
      assert.deepEqual(
        events.map(({ description }) => description.split('\n').slice(0, 2)),
        [
          // 07:00 UTC is 09:00 in summer; the night after, half past two is followed by half past two.
          ['Time: 2027-10-30 09:00 – 2027-10-30 11:00 Europe/Berlin', 'Instructor: Ada Łoś, Dr.'],
          ['Time: 2027-10-31 02:30 – 2027-10-31 04:30 Europe/Berlin', 'Instructor: Ada Łoś, Dr.'],
        ],
      );
    },
  ],
  [
    'a session chosen, moved, given a link, left, and another one chosen',
    async ({ world }) => {
      const learner = await addUser(world);
      const training = await addTraining(world);
      const [one, two] = [await addSession(world, training), await addSession(world, training)];
      const [[first = ''], [other = '']] = [await daysOf(world, one), await daysOf(world, two)];
      const path = await subscribe(world, learner);
      assert.deepEqual(await states(world, path), {});
      const seat = (session: string, what = '') =>
        done(world, `/training/session/${session}/participants${what}`, { userIds: [learner] });
      await seat(one);
      assert.deepEqual(await states(world, path), { [first]: '0' });
      await world.db.write((tx) =>
        sql`update training_day set starts_at = starts_at + interval '1 day'
          where account_id = ${world.account.accountId} and day_id = ${first}`.execute(tx),
      );
      const moved = (await readEvents(world, path)).get(first);
      assert.equal(`${moved?.sequence} ${moved?.start.toISOString()}`, '1 2027-01-02T10:00:00.000Z');
      await done(world, `/training/day/${first}`, { url: 'https://meet.example/x' });
      assert.deepEqual(await states(world, path), { [first]: '2' });
      await seat(one, '/remove');
      assert.deepEqual(await states(world, path), { [first]: '3 cancelled' });
      await seat(two);
      assert.deepEqual(await states(world, path), { [first]: '3 cancelled', [other]: '0' });
      await seat(two, '/remove');
      await seat(one);
      assert.deepEqual(await states(world, path), { [first]: '4', [other]: '1 cancelled' });
    },
  ],
  [
    'nothing of others is shown',
    async ({ world }) => {
      const [learner, other] = [await addUser(world), await addUser(world)];
      await enroll(world, other, await addCourse(world), due('2026-12-24'));
      const session = await addSession(world, await addTraining(world));
      await done(world, `/training/session/${session}/participants`, { userIds: [other] });
      assert.deepEqual(await states(world, await subscribe(world, learner)), {});
    },
  ],
];

const LANGUAGES: readonly Scenario[] = [
  [
    'five languages: the user’s own, or as X-Target-Locale asked when the address was made',
    async ({ world }) => {
      const learner = await addUser(world);
      const id = await enroll(
        world,
        learner,
        await addCourse(world, 'Course', { title: 'T' }),
        due('2026-12-24'),
      );
      const words: Record<string, [string, string]> = {
        'en-US': ['Due: T', 'Status: Not started'],
        'de-DE': ['Fällig: T', 'Status: Nicht begonnen'],
        'ru-RU': ['Срок: T', 'Статус: Не начат'],
        'es-ES': ['Vence: T', 'Estado: No iniciado'],
        'fr-FR': ['Échéance : T', 'État: Non commencé'],
        'xx-XX': ['Due: T', 'Status: Not started'],
      };
      for (const [place, [locale, expected]] of Object.entries(words).entries()) {
        const path = await subscribe(world, learner, { 'x-target-locale': locale });
        const event = (await readEvents(world, path)).get(id);
        assert.deepEqual([event?.summary, event?.description.split('\n')[0]], expected);
        assert.equal(event?.sequence, place, 'the same event, in other words');
      }
      await world.db.write((tx) =>
        sql`update users set locale = 'fr-CA' where account_id = ${world.account.accountId} and user_id = ${learner}`.execute(
          tx,
        ),
      );
      const path = await subscribe(world, learner, { 'x-target-locale': 'de-DE' });
      assert.equal((await readEvents(world, path)).get(id)?.summary, 'Échéance : T', 'their own comes first');
    },
  ],
];

const COSTS: readonly Scenario[] = [
  [
    'an unchanged calendar is 304 to whoever has it, and writes nothing',
    async ({ world }) => {
      const learner = await addUser(world);
      const id = await enroll(world, learner, await addCourse(world), due('2026-12-24'));
      const path = await subscribe(world, learner);
      const first = await ask(world, path);
      const etag = first.headers.get('etag') ?? '';
      assert.match(etag, /^"[\w-]{27}"$/);
      world.statements.length = 0;
      for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const again = await ask(world, path, { 'if-none-match': tag });
        assert.equal(`${again.status} ${again.text}`, '304 ');
        assert.equal(again.headers.get('etag'), etag);
        assert.equal(again.headers.get('cache-control'), 'private, no-cache');
      }
      assert.deepEqual(
        // What was written before is sealed beside it, whenever that comes.
        world.statements.filter((text) => /\b(insert into|update|delete from) calendar_/.test(text)),
        [],
      );
      assert.equal((await ask(world, path, { 'if-none-match': '"other"' })).text, first.text);
      await record(world, id, { status: 'in_progress' });
      const changed = await ask(world, path, { 'if-none-match': etag });
      assert.equal(changed.status, 200);
      assert.notEqual(changed.headers.get('etag'), etag);
    },
  ],
  [
    'who reads a changed calendar at the same time is told the same',
    async ({ world }) => {
      const learner = await addUser(world);
      const path = await subscribe(world, learner);
      const id = await enroll(world, learner, await addCourse(world), due('2026-12-24'));
      for (const sequence of [0, 1, 2]) {
        const all = await Promise.all(Array.from({ length: 8 }, () => ask(world, path)));
        assert.equal(new Set(all.map(({ text }) => text)).size, 1);
        assert.match(all[0]?.text ?? '', new RegExp(`\\r\\nSEQUENCE:${sequence}\\r\\n`));
        await done(world, `/enrollment/${id}`, due(`2026-12-2${sequence}`));
      }
    },
  ],
];

scenarios('calendars', [...DUE_DATES, ...SESSIONS, ...LANGUAGES, ...COSTS], { now: NOW });
