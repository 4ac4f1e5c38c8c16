import { sql } from 'kysely';
import { enqueue } from '../../src/jobs/index.ts';
import { newId } from '../../src/kernel/ids.ts';
import { addUser } from '../support/people.ts';
import type { World } from '../support/server.ts';
import { contract, type Expected, type Refused, type Row, type Stage } from './runner.ts';
import type { Names } from './template.ts';

/** What is put off, and what died of it: of our own, in the manner of the contract. */

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
const KIND = 'contract';

const setup = async (world: World): Promise<Names> => ({
  manager: await world.tokenOf(
    await addUser(world, { role: 'department_administrator', manages: [world.account.rootDepartmentId] }),
  ),
});

interface Given {
  readonly kind?: string;
  readonly key?: string;
  readonly attempts?: number;
  readonly isDead?: boolean;
  readonly leaseUntil?: string;
  readonly lastError?: string;
}

/** A job in that state, of which no handler knows. */
const given =
  (name: string, { kind = KIND, key, attempts = 0, isDead, leaseUntil, lastError }: Given = {}) =>
  async ({ world }: Stage): Promise<Names> => {
    const jobId = newId();
    const { accountId } = world.account;
    await world.db.write((tx) =>
      sql`insert into job (account_id, job_id, kind, key, run_at, payload, attempts, lease_until, last_error, dead_at, created_at)
        values (${accountId}, ${jobId}, ${kind}, ${key ?? null}, ${'2026-03-05T08:00:00Z'}::timestamptz, '{"secret":"payload"}',
                ${attempts}, ${leaseUntil ?? null}::timestamptz, ${lastError ?? null},
                ${isDead ? world.clock.now : null}, ${world.clock.now})`.execute(tx),
    );
    return { [name]: jobId };
  };
const dead: Given = { attempts: 3, isDead: true, lastError: 'the mail server is down' };

interface Shown {
  readonly id: string;
  readonly kind?: string;
  readonly state: string;
  readonly runAt?: string;
  readonly attempts: number;
  readonly lastError?: string;
}

function listed(...jobs: readonly Shown[]): Expected {
  const entries = jobs.map(({ id, kind = KIND, state, runAt, attempts, lastError }) => ({
    jobId: id,
    kind,
    state,
    runAt: runAt ?? '2026-03-05T08:00:00+00:00',
    attempts,
    ...(lastError ? { lastError } : {}),
    createdAt: '2026-03-02T09:30:00+00:00',
  }));
  const xml = entries.map(
    (entry) =>
      `<job>${Object.entries(entry)
        .map(([member, value]) => `<${member}>${value}</${member}>`)
        .join('')}</job>`,
  );
  return { status: 200, json: { jobs: entries }, xml: `<response><jobs>${xml.join('')}</jobs></response>` };
}

const list = (query: string, expect: Expected | Refused) =>
  ({ method: 'GET', path: `/jobs?${query}`, expect }) as const;
const post = (path: string, expect: Expected | Refused) =>
  ({ method: 'POST', path: `/jobs/${path}`, expect }) as const;
const DONE: Expected = { status: 200 };
const unknown = (id: string): Refused => ({
  refused: 'job.unknown',
  status: 404,
  message: `Job not found: ${id}.`,
});
const FORBIDDEN: Refused = { refused: 'auth.role', status: 403, message: 'Permission denied.' };
const invalid = (message: string): Refused => ({ refused: 'request.invalid', status: 400, message });

const rows: readonly Row[] = [
  {
    name: 'GET /jobs when nothing is put off',
    ...list('', { status: 200, json: { jobs: [] }, xml: '<response><jobs></jobs></response>' }),
  },
  {
    name: 'GET /jobs, by state and kind',
    given: async (stage) => ({
      ...(await given('one', { kind: 'first' })(stage)),
      ...(await given('two', { kind: 'first', attempts: 1, leaseUntil: '2026-03-02T09:30:20Z' })(stage)),
      ...(await given('three', { kind: 'second', ...dead })(stage)),
      ...(await given('four', {
        kind: 'second',
        attempts: 2,
        leaseUntil: '2026-03-02T09:29:59Z',
        lastError: 'no',
      })(stage)),
    }),
    ...list(
      '',
      listed(
        { id: '{one}', kind: 'first', state: 'waiting', attempts: 0 },
        { id: '{two}', kind: 'first', state: 'running', attempts: 1 },
        { id: '{three}', kind: 'second', state: 'dead', attempts: 3, lastError: 'the mail server is down' },
        { id: '{four}', kind: 'second', state: 'waiting', attempts: 2, lastError: 'no' },
      ),
    ),
    afterwards: [
      list('state=running', listed({ id: '{two}', kind: 'first', state: 'running', attempts: 1 })),
      list(
        'state=waiting&kind=second',
        listed({ id: '{four}', kind: 'second', state: 'waiting', attempts: 2, lastError: 'no' }),
      ),
      list(
        'state=dead',
        listed({
          id: '{three}',
          kind: 'second',
          state: 'dead',
          attempts: 3,
          lastError: 'the mail server is down',
        }),
      ),
      list('kind=third', { status: 200, json: { jobs: [] }, xml: '<response><jobs></jobs></response>' }),
    ],
  },
  {
    name: 'GET /jobs, page by page',
    given: async (stage) => ({
      ...(await given('one', { kind: 'paged' })(stage)),
      ...(await given('two', { kind: 'paged' })(stage)),
    }),
    ...list('kind=paged&pageSize=1', {
      status: 200,
      json: {
        jobs: [
          {
            jobId: '{one}',
            kind: 'paged',
            state: 'waiting',
            runAt: '2026-03-05T08:00:00+00:00',
            attempts: 0,
            createdAt: '2026-03-02T09:30:00+00:00',
          },
        ],
        nextPageToken: '{*text}',
      },
      xml: `<response><jobs><job><jobId>{one}</jobId><kind>paged</kind><state>waiting</state>
        <runAt>2026-03-05T08:00:00+00:00</runAt><attempts>0</attempts><createdAt>2026-03-02T09:30:00+00:00</createdAt></job></jobs>
        <nextPageToken>{*text}</nextPageToken></response>`,
    }),
    afterwards: [
      list('pageToken=nonsense', {
        refused: 'request.page_token',
        status: 400,
        message: 'pageToken: nonsense is not a token of this list.',
      }),
      list('state=done', invalid('state: must be one of waiting, running, dead, got done.')),
    ],
  },
  {
    name: 'POST /jobs/{id}/retry: a dead one is due at once, and not dead any more',
    given: given('one', { kind: 'retried', key: 'k', ...dead }),
    ...post('{one}/retry', DONE),
    afterwards: [
      list(
        'kind=retried',
        listed({
          id: '{one}',
          kind: 'retried',
          state: 'waiting',
          runAt: '2026-03-02T09:30:00+00:00',
          attempts: 0,
          lastError: 'the mail server is down',
        }),
      ),
      post('{one}/retry', { refused: 'job.state', status: 409, message: 'Job {one} is waiting.' }),
      post('{one}/remove', { refused: 'job.state', status: 409, message: 'Job {one} is waiting.' }),
    ],
  },
  {
    name: 'POST /jobs/{id}/retry of one that was asked for again since it died',
    given: async (stage) => {
      const names = await given('one', { kind: 'replaced', key: 'k', ...dead })(stage);
      const { world } = stage;
      const job = { kind: 'replaced', key: 'k', runAt: new Date('2026-03-05T08:00:00Z'), payload: {} };
      await world.db.write((tx) => enqueue(tx, world.account.accountId, [job], world.clock.now));
      return names;
    },
    ...post('{one}/retry', {
      refused: 'job.replaced',
      status: 409,
      message: 'Job {one} was asked for again since it died, and that one waits.',
    }),
  },
  {
    name: 'POST /jobs/{id}/remove: a dead one is gone',
    given: given('one', { kind: 'removed', ...dead }),
    ...post('{one}/remove', DONE),
    afterwards: [
      list('kind=removed', { status: 200, json: { jobs: [] }, xml: '<response><jobs></jobs></response>' }),
      post('{one}/remove', unknown('{one}')),
      post('{one}/retry', unknown('{one}')),
    ],
  },
  {
    name: 'a running job is neither tried again nor removed',
    given: given('one', { kind: 'busy', attempts: 1, leaseUntil: '2026-03-02T09:30:20Z' }),
    ...post('{one}/retry', { refused: 'job.state', status: 409, message: 'Job {one} is running.' }),
    afterwards: [
      post('{one}/remove', { refused: 'job.state', status: 409, message: 'Job {one} is running.' }),
      post(`${UNKNOWN}/retry`, unknown(UNKNOWN)),
      post('xyz/remove', invalid('id: must be a UUID, got xyz.')),
    ],
  },
  {
    name: 'a department administrator, though of the whole tree, is refused',
    given: given('one', { kind: 'theirs', ...dead }),
    ...list('', FORBIDDEN),
    as: 'manager',
    afterwards: [
      { ...post('{one}/retry', FORBIDDEN), as: 'manager' },
      { ...post('{one}/remove', FORBIDDEN), as: 'manager' },
    ],
  },
  {
    name: 'jobs of another account are none of ours',
    given: async ({ world }) => {
      const other = world.account.accountId + 1;
      const jobId = newId();
      await world.db.write((tx) =>
        sql`insert into job (account_id, job_id, kind, run_at, payload, dead_at, created_at)
          values (${other}, ${jobId}, 'foreign', ${world.clock.now}, '{}', ${world.clock.now}, ${world.clock.now})`.execute(
          tx,
        ),
      );
      return { foreign: jobId };
    },
    ...post('{foreign}/retry', unknown('{foreign}')),
    afterwards: [
      post('{foreign}/remove', unknown('{foreign}')),
      list('kind=foreign', { status: 200, json: { jobs: [] }, xml: '<response><jobs></jobs></response>' }),
    ],
  },
];

contract('the queue', setup, rows);
