import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertAudited } from '../support/audit.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';
import { Visitor, wordsOf } from '../support/visitor.ts';

const PASSWORD = 'correct horse battery';

for (const engine of ENGINES)
  describe(`catalogue (${engine})`, () => {
    let world: World;
    let visit: Visitor;
    let userId: string;
    before(async () => {
      world = await startWorld(engine, { now: new Date('2026-03-02T09:00:00Z') });
      userId = await addUser(world, { login: 'seeker', password: PASSWORD });
      visit = new Visitor(world);
      await visit.signIn('seeker', PASSWORD);
    });
    after(() => world.close());

    const offered = (title: string, more: Record<string, unknown> = {}): Promise<string> =>
      addCourse(world, 'Course', { title, selfEnrollment: true, ...more });

    test('nothing is offered, then what an administrator opened, and nothing else', async () => {
      assert.match(wordsOf(await visit.get('/my/catalogue')), /Nothing is offered at the moment/);
      await offered('Knots');
      await addCourse(world, 'Course', { title: 'Closed' });
      const retired = await offered('Retired');
      assert.equal((await call(world, 'DELETE', `/content/${retired}`)).status, 204);
      const words = wordsOf(await visit.get('/my/catalogue'));
      assert.match(words, /Knots/);
      assert.doesNotMatch(words, /Closed|Retired/);
    });

    test('enrolls with the default due date, as of the learner’s own choice, once; events and history know it', async () => {
      const item = await offered('Ladders', {
        defaultDueDateType: 'due_period',
        defaultDuePeriod: 48,
        defaultLockAfterDueDate: true,
      });
      await visit.get('/my/catalogue');
      const path = `/my/catalogue/${item}`;
      const done = await visit.submit(path);
      assert.match(done.location ?? '', /^\/my\/learning\/[0-9a-f-]{36}\?enrolled=1$/);
      assert.match(wordsOf(await visit.get(done.location ?? '')), /You are enrolled now.*Due in 2 days/);
      const csrf = /name="csrf" value="([^"]+)"/.exec(visit.page.text)?.[1] ?? '';
      assert.equal((await visit.post(path, { csrf })).location, done.location, 'a second click');
      const list = (await call(world, 'GET', `/enrollment?learnerIds[]=${userId}&courseIds[]=${item}`))
        .json as Record<string, unknown>[];
      assert.equal(list.length, 1);
      assert.deepEqual(
        [list[0]?.['enrollmentTypeGroup'], list[0]?.['dueDate'], list[0]?.['shouldLockAfterDueDate']],
        [1, '2026-03-04', true],
      );
      const operations = (await call(world, 'GET', '/operations')).json as {
        operations: { actorId: string; source: string }[];
      };
      assert.deepEqual(
        operations.operations.filter(({ actorId }) => actorId === userId).map(({ source }) => source),
        ['portal', 'portal'],
      );
      assert.match(wordsOf(await visit.get('/my/catalogue?q=ladd')), /Ladders.*You are enrolled/);
      assert.match(wordsOf(await visit.get('/my/catalogue?q=++ers+LAD+')), /Ladders.*You are enrolled/);
      await assertAudited(world);
    });

    test('what is not offered is refused with the next step, by whatever address', async () => {
      const closed = await addCourse(world);
      await visit.get('/my/catalogue');
      const csrf = /name="csrf" value="([^"]+)"/.exec(visit.page.text)?.[1] ?? '';
      for (const item of [closed, userId]) {
        const answer = await visit.post(`/my/catalogue/${item}`, { csrf });
        assert.equal(answer.status, 409);
        assert.match(wordsOf(answer), /no longer offered. Ask your administrator/);
      }
      assert.equal((await visit.post('/my/catalogue/x', { csrf })).status, 404);
      const list = (await call(world, 'GET', `/enrollment?courseIds[]=${closed}`)).json as unknown[];
      assert.equal(list.length, 0);
    });

    test('searches titles and descriptions literally, page by page', async () => {
      await offered('100 % safe_ly', { description: 'About the Ωmega' });
      for (let n = 0; n < 120; n++) await offered(`Series ${String(n).padStart(3, '0')}`);
      assert.match(
        wordsOf(await visit.get(`/my/catalogue?q=${encodeURIComponent('Ωmega')}`)),
        /100 % safe_ly/,
      );
      assert.match(wordsOf(await visit.get(`/my/catalogue?q=${encodeURIComponent('0 %')}`)), /100 % safe_ly/);
      assert.match(
        wordsOf(await visit.get(`/my/catalogue?q=${encodeURIComponent('safe%ly')}`)),
        /Nothing was found/,
      );
      const seen: string[] = [];
      for (let path: string | undefined = '/my/catalogue?q=series'; path; ) {
        const page = await visit.get(path);
        seen.push(
          ...[...page.text.matchAll(/<h2 dir="auto">(Series \d+)<\/h2>/g)].map(([, title = '']) => title),
        );
        path = /<a class="button" href="([^"]+)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&');
      }
      assert.equal(seen.length, 120);
      assert.deepEqual(seen, [...seen].sort());
      assert.equal(new Set(seen).size, 120);
    });
  });
