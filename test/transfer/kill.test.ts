import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { ENGINES } from '../support/database.ts';
import { idsOf, loaded, placeOf } from '../support/place.ts';
import { killAll, serve } from '../support/process.ts';
import { call, requestToken } from '../support/server.ts';

/** An import whose process is killed: the next start completes it, and what is kept of its file tells every row. */

/** Several chunks on each engine. */
const LEARNERS = { embedded: 300, postgresql: 1_500 };
const COURSES = 20;

interface Listed {
  readonly operations: readonly {
    operationId: string;
    kind: string;
    state: string;
    summary: { created: number };
  }[];
}

for (const engine of ENGINES)
  describe(`an import that is killed (${engine})`, () => {
    after(() => killAll());

    test('is completed by the next start, each row once, with its file of errors', async () => {
      const place = await placeOf(engine);
      const client = await loaded(place, LEARNERS[engine], COURSES);
      const first = await serve(place.args);
      const token = await requestToken(first.url, client.clientId, client.clientSecret);
      const { learnerIds, courseIds } = await idsOf({ url: first.url, token });
      const rows = courseIds.flatMap((course) => learnerIds.map((learner) => `${learner},${course}`));
      const csv = ['learnerId,course', 'ann,none', ...rows, `${learnerIds[0]},nothing`].join('\n');
      const cut = call({ url: first.url, token }, 'POST', '/enrollment/import', { csv }).then(
        ({ status }) => status,
        () => 'cut off',
      );
      const imports = async (url: string): Promise<Listed['operations'][number] | undefined> =>
        ((await call({ url, token }, 'GET', '/operations?kind=import')).json as Listed).operations[0];
      for (let created = 0; created === 0; ) {
        await new Promise((done) => setTimeout(done, 20));
        created = (await imports(first.url))?.summary.created ?? 0;
      }
      await first.end('SIGKILL');
      assert.equal(await cut, 'cut off');

      const next = await serve(place.args);
      let operation = await imports(next.url);
      for (const until = Date.now() + 30_000; operation?.state !== 'done' && Date.now() < until; ) {
        await new Promise((done) => setTimeout(done, 200));
        operation = await imports(next.url);
      }
      assert.deepEqual(
        [operation?.state, operation?.summary],
        ['done', { created: rows.length, changed: 0, unchanged: 0, refused: 0 }],
      );
      const errors = await call(
        { url: next.url, token },
        'GET',
        `/operations/${operation?.operationId}/errors`,
      );
      const lines = errors.text.split('\r\n').map((line) => line.split(',').slice(0, 4).join());
      assert.deepEqual(lines, [
        'learnerId,course,row,reason',
        'ann,none,2,value_invalid',
        `${learnerIds[0]},nothing,${rows.length + 3},course_unknown`,
        '',
      ]);
      await next.end('SIGTERM');
      await place.remove();
    });
  });
