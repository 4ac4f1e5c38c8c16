import { sql } from 'kysely';
import { recordEvents } from '../../src/events/index.ts';
import { writeCursor } from '../../src/feed/cursor.ts';
import { endOf, feedState } from '../../src/feed/index.ts';
import { seal } from '../../src/operations/index.ts';
import { enroll } from '../support/learning.ts';
import { addCourse, addDepartment, addUser } from '../support/people.ts';
import type { World } from '../support/server.ts';
import { contract, type Row, type Stage } from './runner.ts';
import type { Names } from './template.ts';

/** The feed: of our own, in the manner of the contract. */

const OPERATION = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

async function setup(world: World): Promise<Names> {
  const sales = await addDepartment(world, 'Sales');
  const manages = { departmentId: sales, role: 'department_administrator', manages: [sales] };
  const manager = await world.tokenOf(await addUser(world, { ...manages, login: 'manager' }));
  const administrator = await world.tokenOf(
    await addUser(world, { role: 'administrator', login: 'administrator' }),
  );
  const [course, ann] = [await addCourse(world, 'Course', { title: 'Fire safety' }), await addUser(world)];
  const before = await cursorAtEnd(world);
  const enrollment = await enroll(world, ann, course);
  await world.db.write((tx) =>
    recordEvents(
      tx,
      world.account.accountId,
      [
        {
          eventType: 'OPERATION_COMPLETED',
          payload: {
            operationId: OPERATION,
            kind: 'delete',
            state: 'done',
            actorId: world.account.ownerId,
            created: 0,
            changed: 2,
            unchanged: 1,
            refused: 0,
          },
        },
      ],
      world.clock.now,
    ),
  );
  return { manager, administrator, course, ann, before, enrollment };
}

const cursorAtEnd = async ({ db, account: { accountId } }: World): Promise<string> => {
  await seal(db, accountId);
  return db.read(async (tx) => writeCursor(accountId, endOf(await feedState(tx, accountId))));
};

/** The cursor of an account that is not ours. */
const foreign = async ({ world }: Stage): Promise<Names> => ({
  cursor: writeCursor(world.account.accountId + 1, {
    ...endOf({ position: 0n, events: 0n }),
  }),
});

/** A cursor of after a restored backup: nothing has got so far. */
const ahead = async ({ world }: Stage): Promise<Names> => ({
  cursor: writeCursor(world.account.accountId, endOf({ position: 1_000_000n, events: 0n })),
});

/** Everything up to now was removed. */
async function forgotten({ world: { db, account } }: Stage): Promise<Names> {
  const { accountId } = account;
  await db.write(async (tx) => {
    await sql`update seal set kept_position = position, kept_events = events where account_id = ${accountId}`.execute(
      tx,
    );
  });
  return {
    oldest: await db.read(async (tx) => writeCursor(accountId, endOf(await feedState(tx, accountId)))),
  };
}

const NONE = '<response><events></events><nextCursor>{*token}</nextCursor><hasMore>0</hasMore></response>';

const get = (path: string, name: string, expect: Row['expect'], more: Partial<Row> = {}): Row => ({
  name: `GET ${path}: ${name}`,
  method: 'GET',
  path,
  expect,
  ...more,
});

const completed = {
  operationId: OPERATION,
  kind: 'delete',
  state: 'done',
  actorId: '{owner}',
  created: 0,
  changed: 2,
  unchanged: 1,
  refused: 0,
};

const rows: readonly Row[] = [
  get('/events?after={before}', 'what happened, in order', {
    status: 200,
    json: {
      events: [
        {
          eventId: '{*uuid}',
          type: 'LEARNERS_ENROLLED_IN_COURSE',
          occurredAt: '2026-03-02T09:30:00+00:00',
          operationId: '{*uuid}',
          payload: { courseId: '{course}', learnerIds: ['{ann}'], enrollmentIds: ['{enrollment}'] },
        },
        {
          eventId: '{*uuid}',
          type: 'OPERATION_COMPLETED',
          occurredAt: '2026-03-02T09:30:00+00:00',
          payload: completed,
        },
      ],
      nextCursor: '{*token}',
      hasMore: false,
    },
    xml: `<response><events>
        <event><eventId>{*uuid}</eventId><type>LEARNERS_ENROLLED_IN_COURSE</type>
          <occurredAt>2026-03-02T09:30:00+00:00</occurredAt><operationId>{*uuid}</operationId>
          <payload><courseId>{course}</courseId><learnerIds><id>{ann}</id></learnerIds>
            <enrollmentIds><id>{enrollment}</id></enrollmentIds></payload></event>
        <event><eventId>{*uuid}</eventId><type>OPERATION_COMPLETED</type>
          <occurredAt>2026-03-02T09:30:00+00:00</occurredAt>
          <payload><operationId>${OPERATION}</operationId><kind>delete</kind><state>done</state>
            <actorId>{owner}</actorId><created>0</created><changed>2</changed><unchanged>1</unchanged>
            <refused>0</refused></payload></event>
      </events><nextCursor>{*token}</nextCursor><hasMore>0</hasMore></response>`,
  }),
  get(
    '/events?after=now&limit=5&wait=0',
    'nothing, and a cursor to go on from',
    { status: 200, json: { events: [], nextCursor: '{*token}', hasMore: false }, xml: NONE },
    { as: 'administrator' },
  ),
  get(
    '/events',
    'is for those who see the whole account',
    { refused: 'auth.role', status: 403, message: 'Permission denied.' },
    { as: 'manager' },
  ),
  get('/events?wait=61', 'waits for a minute at most', {
    refused: 'request.invalid',
    status: 400,
    message: 'wait: must be from 0 to 60, got 61.',
  }),
  get('/events?after=abc', 'no cursor', {
    refused: 'feed.cursor',
    status: 400,
    message: 'after: abc is not a cursor of this list.',
  }),
  get(
    '/events?after={cursor}',
    'of another account',
    {
      refused: 'feed.cursor',
      status: 400,
      message: 'after: {cursor} is a cursor of another account.',
    },
    { given: foreign },
  ),
  get(
    '/events?after={cursor}',
    'of what never was',
    {
      refused: 'feed.cursor',
      status: 400,
      message: 'after: {cursor} is ahead of everything that is known here.',
    },
    { given: ahead },
  ),
  get(
    '/events?after={before}',
    'of what is no longer kept',
    {
      refused: 'feed.forgotten',
      status: 410,
      message:
        'after: what follows this cursor is no longer kept; the oldest cursor from which can be read is {oldest}.',
      headers: { location: '/events?after={oldest}' },
    },
    { given: forgotten },
  ),
];

contract('the feed', setup, rows);
