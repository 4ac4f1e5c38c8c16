import { sql } from 'kysely';
import { newId } from '../../src/kernel/ids.ts';
import { addCourse, addUser } from '../support/people.ts';
import type { World } from '../support/server.ts';
import { contract, type Row } from './runner.ts';
import type { Names } from './template.ts';

/** Requests that nobody waits for, and their cancelling: of our own, in the manner of the contract. */

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
const LATER = { prefer: 'respond-async' };

const setup = async (world: World): Promise<Names> => ({
  course: await addCourse(world),
  ann: await addUser(world),
  ben: await addUser(world),
});

/** An operation that was accepted, and is held by a worker that never begins. */
async function held({ world }: { world: World }): Promise<Names> {
  const { accountId, ownerId } = world.account;
  const operation = newId();
  await world.db.write(async (tx) => {
    await sql`insert into operation (account_id, operation_id, kind, state, actor_id, source, request_digest, accepted_at, total)
      values (${accountId}, ${operation}, 'enroll', 'accepted', ${ownerId}, 'api', '', ${world.clock.now}, 2)`.execute(
      tx,
    );
    await sql`insert into operation_plan (account_id, operation_id, turn, ids, items, chunk_pairs, lease_until)
      values (${accountId}, ${operation}, ${operation}, '', '[]', 10, '2999-01-01')`.execute(tx);
  });
  return { operation };
}

const cancel = { method: 'POST' as const, path: '/operations/{operation}/cancel' };
const summary = { created: 0, changed: 0, unchanged: 0, refused: 0 };
const summaryXml =
  '<summary><created>0</created><changed>0</changed><unchanged>0</unchanged><refused>0</refused></summary>';

const rows: readonly Row[] = [
  {
    name: 'a request that nobody waits for is accepted, and answered without a body',
    method: 'POST',
    path: '/enrollment',
    headers: LATER,
    body: { courseIds: ['{course}'], learnerIds: ['{ann}', '{ben}'], dueDateType: 'unlimited' },
    expect: {
      status: 202,
      headers: { location: '/operations/{*uuid}', 'preference-applied': 'respond-async' },
    },
  },
  {
    name: 'what is wrong with it is told at once',
    method: 'POST',
    path: '/enrollment',
    headers: LATER,
    body: { courseIds: ['{course}'], learnerIds: ['{ann}'], dueDateType: 'due_period' },
    expect: { refused: 'request.invalid', status: 400, message: 'duePeriod: {*text}.' },
  },
  {
    name: 'an operation that has not begun is cancelled; it is over then',
    given: held,
    ...cancel,
    expect: { status: 200, headers: { location: '/operations/{*uuid}' } },
    afterwards: [
      {
        method: 'GET',
        path: '/operations/{operation}',
        expect: {
          status: 200,
          json: {
            operationId: '{operation}',
            kind: 'enroll',
            state: 'cancelled',
            actorId: '{owner}',
            source: 'api',
            createdAt: '2026-03-02T09:30:00+00:00',
            completedAt: '2026-03-02T09:30:00+00:00',
            progress: { done: 0, total: 2, rate: 0 },
            summary,
          },
          xml: `<response><operation><operationId>{operation}</operationId><kind>enroll</kind><state>cancelled</state>
            <actorId>{owner}</actorId><source>api</source><createdAt>2026-03-02T09:30:00+00:00</createdAt>
            <completedAt>2026-03-02T09:30:00+00:00</completedAt>
            <progress><done>0</done><total>2</total><rate>0</rate></progress>${summaryXml}</operation></response>`,
        },
      },
      {
        ...cancel,
        expect: { refused: 'operation.state', status: 409, message: 'Operation {operation} is cancelled.' },
      },
      {
        method: 'POST',
        path: '/operations/{operation}/undo',
        expect: { refused: 'operation.state', status: 409, message: 'Operation {operation} is cancelled.' },
      },
    ],
  },
  {
    name: 'who prefers a representation is told what was undone',
    given: held,
    ...cancel,
    headers: { prefer: 'return=representation' },
    expect: {
      status: 200,
      headers: { location: '/operations/{*uuid}', 'preference-applied': 'return=representation' },
      json: { operationId: '{*uuid}', summary, outcomes: [] },
      xml: `<response><operationId>{*uuid}</operationId>${summaryXml}<outcomes></outcomes></response>`,
    },
  },
  {
    name: 'there is no such operation',
    method: 'POST',
    path: `/operations/${UNKNOWN}/cancel`,
    expect: { refused: 'operation.unknown', status: 404, message: `Operation not found: ${UNKNOWN}.` },
  },
  {
    name: 'an id that is none',
    method: 'POST',
    path: '/operations/xyz/cancel',
    expect: { refused: 'request.invalid', status: 400, message: 'id: must be a UUID, got xyz.' },
  },
];

contract('jobs', setup, rows);
