import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { ENGINES } from '../support/database.ts';
import { enroll } from '../support/learning.ts';
import { addCourse, addModule, addUser } from '../support/people.ts';
import { type Answer, call, startWorld, type World } from '../support/server.ts';
import { Visitor, wordsOf } from '../support/visitor.ts';
import { manifest, scormPackage, type Zipped, zip } from '../support/zip.ts';

const PASSWORD = 'correct horse battery';
const START = new Date('2026-03-02T09:00:00Z');
const HOUR_MS = 3_600_000;

for (const engine of ENGINES)
  describe(`packages (${engine})`, () => {
    let world: World;
    let no = 0;
    before(async () => {
      world = await startWorld(engine, { now: START });
    });
    after(() => world.close());

    const upload = (item: string, content: Uint8Array<ArrayBuffer>): Promise<Answer> =>
      call(world, 'POST', `/content/${item}/file`, {
        csv: content,
        headers: { 'content-type': 'application/zip' },
      });

    /** A learner who has opened a package: the page, and where its files are. */
    async function opened(version: '1.2' | '2004') {
      const login = `learner-${++no}`;
      const userId = await addUser(world, { login, password: PASSWORD });
      const visit = new Visitor(world);
      await visit.signIn(login, PASSWORD);
      const [course, item] = [await addCourse(world), await addCourse(world, 'SCORM', { title: 'Ladders' })];
      const module = await addModule(world, course, item);
      const stored = await upload(item, scormPackage(version));
      assert.equal(stored.status, 200, stored.text);
      const enrollment = await enroll(world, userId, course);
      return { userId, visit, module, enrollment, course, ...(await shown(visit, enrollment)) };
    }

    /** Opens the one module of a course. */
    async function shown(visit: Visitor, enrollment: string) {
      await visit.get(`/my/learning/${enrollment}`);
      const page = (await visit.submit(`/my/learning/${enrollment}/open`)).location ?? '';
      const { text } = await visit.get(page);
      const root = /<iframe src="([^"]+)content\/index\.html"/.exec(text)?.[1] ?? assert.fail(text);
      const attempt = /data-commit="([^"]+)"/.exec(text)?.[1] ?? '';
      const csrf = /data-csrf="([^"]+)"/.exec(text)?.[1] ?? '';
      const get = (path: string): Promise<Response> => fetch(world.url + root + path);
      const say = (data: unknown) => visit.post(attempt, { csrf, data: JSON.stringify(data) });
      /** What the package is told that it had kept. */
      const kept = async (): Promise<unknown> => {
        const [, told = ''] =
          /\}\)\((\{.*\})\);\s*$/s.exec(await (await get('.rollbook/start.js')).text()) ?? [];
        return JSON.parse(told).attempt;
      };
      return { attempt, csrf, get, say, text, kept };
    }

    test('its files come in a sandbox without our origin, with what it looks for put before its scripts', async () => {
      const { get, text } = await opened('1.2');
      assert.match(text, /sandbox="allow-scripts allow-forms allow-popups allow-modals allow-downloads"/);
      const index = await get('content/index.html');
      assert.equal(index.status, 200);
      const policy = index.headers.get('content-security-policy') ?? '';
      assert.match(policy, /^sandbox allow-scripts /);
      assert.doesNotMatch(policy, /allow-same-origin|allow-top-navigation/);
      assert.equal(index.headers.get('x-content-type-options'), 'nosniff');
      assert.match(
        await index.text(),
        /<head><script src="\.\.\/\.rollbook\/runtime\.js"><\/script><script src="\.\.\/\.rollbook\/start\.js"><\/script><title>/,
      );
      const types: [string, string, RegExp][] = [
        ['js/part.js', 'text/javascript', /LMSInitialize/],
        ['js/stored.txt', 'text/plain', /^as it is$/],
        ['imsmanifest.xml', 'application/xml', /schemaversion/],
        ['.rollbook/runtime.js', 'text/javascript; charset=utf-8', /Scorm12API/],
        ['.rollbook/start.js', 'text/javascript; charset=utf-8', /"version":"1\.2".*"masteryScore":"70"/],
      ];
      for (const [path, type, expected] of types) {
        const answer = await get(path);
        assert.equal(`${answer.status} ${answer.headers.get('content-type')}`, `200 ${type}`);
        assert.match(await answer.text(), expected);
      }
      for (const path of ['', 'content', 'none.html', '..%2fimsmanifest.xml', 'content/../../x'])
        assert.equal((await get(path)).status, 404, path);
    });

    test('what it says is recorded, and found again; a new term begins anew', async () => {
      for (const version of ['1.2', '2004'] as const) {
        const { get, say, kept, visit, enrollment, attempt, csrf, module, userId, course } =
          await opened(version);
        assert.equal(await kept(), null);
        const said = { suspendData: 'page=3 "ж"', location: 'p3', status: 'incomplete', raw: '40' };
        assert.equal((await say(said)).status, 204);
        assert.deepEqual(await kept(), said);
        assert.match(wordsOf(await visit.get(`/my/learning/${enrollment}`)), /In progress/);
        const passed = { ...said, status: 'passed', success: 'passed', raw: '80' };
        assert.equal((await say(passed)).status, 204);
        assert.match(wordsOf(await visit.get(`/my/learning/${enrollment}`)), /Passed|Completed/);
        const { results } = (await call(world, 'GET', `/learners/modules/results?learnerIds[]=${userId}`))
          .json as { results: { moduleId: string; awardedScore: number }[] };
        assert.equal(results?.find((result) => result.moduleId === module)?.awardedScore, 80);
        for (const data of [
          '{',
          '[]',
          JSON.stringify({ status: 7 }),
          JSON.stringify({ suspendData: 'x'.repeat(64_001) }),
        ])
          assert.equal((await visit.post(attempt, { csrf, data })).status, 400);
        assert.equal(
          (await visit.post(attempt, { data: '{}' })).status,
          403,
          'without the secret of the session',
        );
        assert.deepEqual(await kept(), passed);
        const again = await call(world, 'POST', `/enrollment/${enrollment}/reenroll`, {
          json: { dueDateType: 'unlimited' },
        });
        assert.equal(again.status, 200, again.text);
        assert.equal((await get('.rollbook/start.js')).status, 404, 'of an enrollment that was superseded');
        const path = `/enrollment?learnerIds[]=${userId}&courseIds[]=${course}`;
        const [now] = (await call(world, 'GET', path)).json as { enrollmentId: string }[];
        assert.equal(await (await shown(visit, now?.enrollmentId ?? '')).kept(), null);
      }
    });

    test('nobody says anything of what is closed, somebody else’s, or no package', async () => {
      const { say, get, attempt, enrollment } = await opened('2004');
      const other = await opened('1.2');
      assert.equal((await other.visit.post(attempt, { csrf: other.csrf, data: '{}' })).status, 404);
      const material = await addCourse(world, 'Page');
      await upload(material, new Uint8Array(Buffer.from('<p>x')));
      const edit = (dueDate: string) =>
        call(world, 'POST', `/enrollment/${enrollment}`, {
          json: { dueDateType: 'due_date', dueDate, lockAfterDueDate: true },
        });
      assert.equal((await edit('2026-03-02 09:30:00')).status, 200);
      world.clock.now = new Date(START.getTime() + HOUR_MS);
      assert.equal((await say({ status: 'passed' })).status, 400);
      assert.equal((await get('content/index.html')).status, 400);
      world.clock.now = START;
      const { rows } = await world.db.read((tx) =>
        sql`select from package_attempt where learner_id = ${other.userId}`.execute(tx),
      );
      assert.equal(rows.length, 0);
    });

    test('what is no package, or a dangerous one, is refused by what is wrong with it; the item keeps what it had', async () => {
      const item = await addCourse(world, 'SCORM');
      const page = { name: 'content/index.html', content: '<p>' };
      const of = (...more: Zipped[]): Buffer<ArrayBuffer> =>
        zip([{ name: 'imsmanifest.xml', content: manifest('1.2') }, page, ...more]);
      const good = of();
      const cases: [Buffer<ArrayBuffer>, string, RegExp][] = [
        [Buffer.from('%PDF-1.7'), 'file.wrong_type', /application\/zip/],
        [Buffer.from('PK\x03\x04 and no more'), 'file.package', /no archive that can be read/],
        [good.subarray(0, good.length - 9) as Buffer<ArrayBuffer>, 'file.package', /no archive/],
        [zip([page]), 'file.package', /has no imsmanifest\.xml/],
        [
          zip([{ name: 'imsmanifest.xml', content: manifest('1.2') }]),
          'file.package',
          /which it does not have/,
        ],
        [of({ name: '../evil.html' }), 'file.package', /no archive that can be read|leads out/],
        [of({ name: 'link', content: '/etc/passwd', mode: 0o120777 }), 'file.package', /link/],
        [of({ name: 'bomb', content: Buffer.alloc(4_000_000) }), 'file.package', /more than 200 times/],
        [of({ name: 'secret', flags: 1 }), 'file.package', /encrypted/],
        [of(page), 'file.package', /twice/],
        [
          of(...Array.from({ length: 5_001 }, (_, n) => ({ name: `f/${n}`, isStored: true }))),
          'file.package',
          /more than 5000/,
        ],
      ];
      for (const [content, code, message] of cases) {
        const answer = await upload(item, content);
        assert.equal(`${answer.status} ${answer.code}`, `400 ${code}`, answer.text);
        assert.match(answer.text, message);
      }
      assert.equal((await call(world, 'GET', `/content/${item}/file`)).code, 'content.no_file');
      assert.equal((await upload(item, good)).status, 200);
      assert.equal((await upload(item, scormPackage('2004'))).status, 200, 'in place of the first');
      world.clock.now = new Date(START.getTime() + 3 * HOUR_MS);
      await world.app.jobs.round();
      world.clock.now = START;
      const { rows } = await world.db.read((tx) =>
        sql<{ files: number }>`select count(*)::int as files from stored_file f
          where not exists (select from content_item i where i.file_id = f.file_id)`.execute(tx),
      );
      assert.equal(rows[0]?.files, 0, 'what was refused or replaced is gone');
    });
  });
