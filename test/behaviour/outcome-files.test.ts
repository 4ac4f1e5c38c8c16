import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { type Answer, call, startWorld, type World } from '../support/server.ts';

/** Outcomes as files: whole lists in CSV and NDJSON, for who asks for them by name. */

const HEADER = 'learnerId,courseId,outcome,reason,enrollmentId';

interface Outcome {
  readonly learnerId: string;
  readonly courseId: string;
  readonly outcome: string;
  readonly reason?: string;
  readonly enrollmentId?: string;
}

const toRecord = (one: Outcome): string =>
  [one.learnerId, one.courseId, one.outcome, one.reason ?? '', one.enrollmentId ?? ''].join(',');

for (const engine of ENGINES)
  describe(`outcomes as files (${engine})`, () => {
    let world: World;
    let path: string;
    let outcomes: readonly Outcome[];
    before(async () => {
      world = await startWorld(engine, { limits: { smallPairs: 0, chunkPairs: 2 } });
      const learnerIds = [await addUser(world), await addUser(world), await addUser(world, { status: 3 })];
      const courseIds = [await addCourse(world), await addCourse(world)];
      const answer = await call(world, 'POST', '/enrollment', {
        headers: { prefer: 'return=representation, handling=lenient' },
        json: { learnerIds, courseIds, dueDateType: 'unlimited' },
      });
      assert.equal(answer.status, 201, answer.text);
      outcomes = (answer.json as { outcomes: readonly Outcome[] }).outcomes;
      path = `${answer.headers.get('location')}/outcomes`;
    });
    after(() => world.close());

    const get = (accept: string, query = ''): Promise<Answer> =>
      call(world, 'GET', `${path}${query}`, { accept });

    test('CSV is the whole list, whatever the size of a page', async () => {
      const answer = await get('text/csv', '?pageSize=1');
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers.get('content-type'), 'text/csv; charset=utf-8; header=present');
      assert.equal(answer.text, `${[HEADER, ...outcomes.map(toRecord)].join('\r\n')}\r\n`);
    });

    test('NDJSON is a line for each', async () => {
      const answer = await get('application/x-ndjson', '?pageSize=4');
      assert.equal(answer.headers.get('content-type'), 'application/x-ndjson; charset=utf-8');
      const lines = answer.text.split('\n');
      assert.equal(lines.pop(), '');
      assert.deepEqual(
        lines.map((line) => JSON.parse(line)),
        outcomes,
      );
    });

    test('a file begins after a token, and has only what is asked for', async () => {
      const { nextPageToken } = (await get('application/json', '?pageSize=2')).json as Record<string, string>;
      const rest = await get('text/csv', `?pageToken=${nextPageToken}`);
      assert.equal(rest.text, `${[HEADER, ...outcomes.slice(2).map(toRecord)].join('\r\n')}\r\n`);
      const refused = outcomes.filter(({ outcome }) => outcome === 'refused');
      assert.equal(refused.length, 2);
      const filtered = await get('text/csv', '?outcome=refused');
      assert.equal(filtered.text, `${[HEADER, ...refused.map(toRecord)].join('\r\n')}\r\n`);
      assert.equal((await get('text/csv', '?outcome=changed')).text, `${HEADER}\r\n`);
    });

    test('a file is given to who names it, and nowhere else', async () => {
      const typeFor = async (accept: string) => (await get(accept)).headers.get('content-type');
      assert.match((await typeFor('*/*')) ?? '', /^application\/xml/);
      assert.match((await typeFor('text/*')) ?? '', /^application\/xml/);
      assert.match((await typeFor('text/csv;q=0.5, application/json')) ?? '', /^application\/json/);
      assert.match((await typeFor('application/json;q=0.5, text/csv')) ?? '', /^text\/csv/);
      assert.equal((await call(world, 'GET', '/enrollments', { accept: 'text/csv' })).status, 406);
    });

    test('a refusal of a file is no file', async () => {
      const answer = await get('text/csv', '?pageToken=xyz');
      assert.equal(answer.status, 400);
      assert.match(answer.headers.get('content-type') ?? '', /^application\/xml/);
    });
  });
