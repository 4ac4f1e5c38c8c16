import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ENGINES } from '../support/database.ts';
import { addCourse, addDepartment, addUser } from '../support/people.ts';
import { call, startWorld, toXmlBody, type World } from '../support/server.ts';

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** How lists, pages, ids and errors are written: one test named after each quirk. */
for (const engine of ENGINES)
  describe(`quirks of answers (${engine})`, () => {
    let world: World;
    let course: string;
    before(async () => {
      world = await startWorld(engine);
      course = await addCourse(world);
    });
    after(() => world.close());

    const enroll = async (options: Parameters<typeof call>[3], path = '/enrollment') =>
      (await call(world, 'POST', path, options)).status;
    const body = (learner: string) => ({
      courseIds: [course],
      learnerIds: [learner],
      dueDateType: 'unlimited',
    });

    test('lists in the query are name, name[], name[0], repeated, or separated by commas; brackets raw or encoded', async () => {
      const [a, b] = [await addUser(world), await addUser(world)];
      for (const learner of [a, b]) assert.equal(await enroll({ json: body(learner) }), 201);
      for (const query of [
        `learnerIds=${a}&learnerIds=${b}`,
        `learnerIds[]=${a}&learnerIds[]=${b}`,
        `learnerIds%5B%5D=${a}&learnerIds%5B%5D=${b}`,
        `learnerIds[0]=${a}&learnerIds[1]=${b}`,
        `learnerIds=${a},${b}`,
      ]) {
        const answer = await call(world, 'GET', `/enrollment?${query}`);
        assert.equal((answer.json as unknown[]).length, 2, query);
      }
    });

    test('an empty pageToken is the first page; nextPageToken only when there is a next page', async () => {
      const [own, ...learners] = [
        await addCourse(world),
        await addUser(world),
        await addUser(world),
        await addUser(world),
      ];
      assert.equal(
        await enroll({ json: { courseIds: [own], learnerIds: learners, dueDateType: 'unlimited' } }),
        201,
      );
      interface PageBody {
        enrollments: { enrollmentId: string }[];
        nextPageToken?: string;
      }
      const read = async (query: string) =>
        (await call(world, 'GET', `/enrollments?courseIds[]=${own}&${query}`)).json as PageBody;
      const first = await read('pageSize=2&pageToken=');
      assert.equal(first.enrollments.length, 2);
      assert.equal(typeof first.nextPageToken, 'string');
      const second = await read(`pageSize=2&pageToken=${first.nextPageToken}`);
      assert.equal(second.enrollments.length, 1);
      assert.equal('nextPageToken' in second, false);
      const exact = await read('pageSize=3');
      assert.equal('nextPageToken' in exact, false);
      const posted = await call(world, 'POST', '/enrollments', {
        json: { courseIds: [own], pageSize: '2', pageToken: first.nextPageToken },
      });
      assert.deepEqual((posted.json as PageBody).enrollments, second.enrollments);
      const xml = await call(world, 'POST', '/enrollments', {
        xml: `<request><courseIds>${own}</courseIds><pageSize>2</pageSize><pageToken/></request>`,
        accept: null,
      });
      assert.match(
        xml.text,
        /^<\?xml .*\?>\n<response><enrollments>(<enrollment>.*<\/enrollment>){1}<\/enrollments><nextPageToken>[\w-]+<\/nextPageToken><\/response>$/,
      );
    });

    test('a page token keeps working and shows what was added since', async () => {
      const [own, a, b] = [await addCourse(world), await addUser(world), await addUser(world)];
      assert.equal(
        await enroll({ json: { courseIds: [own], learnerIds: [a], dueDateType: 'unlimited' } }),
        201,
      );
      const page = await call(world, 'GET', `/enrollments?courseIds[]=${own}`);
      const token = page.headers.get('rollbook-resume-token');
      assert.equal(
        await enroll({ json: { courseIds: [own], learnerIds: [b], dueDateType: 'unlimited' } }),
        201,
      );
      const later = await call(world, 'GET', `/enrollments?courseIds[]=${own}&pageToken=${token}`);
      assert.deepEqual(
        (later.json as { enrollments: { learnerId: string }[] }).enrollments.map((e) => e.learnerId),
        [b],
      );
    });

    test('a page size below one or not whole is refused, above 1000 it is 1000; a strange token is refused', async () => {
      for (const bad of [
        'pageSize=0',
        'pageSize=-1',
        'pageSize=1.5',
        'pageSize=many',
        'pageToken=nonsense',
        'pageToken=AAAA',
      ])
        assert.equal((await call(world, 'GET', `/enrollments?${bad}`)).status, 400, bad);
      assert.equal((await call(world, 'GET', '/enrollments?pageSize=5000')).status, 200);
    });

    test('JSON lists are bare arrays, XML lists are children of response, an empty one is an empty response', async () => {
      const learner = await addUser(world);
      assert.deepEqual((await call(world, 'GET', `/enrollment?learnerIds[]=${learner}`)).json, []);
      assert.equal(
        (await call(world, 'GET', `/enrollment?learnerIds[]=${learner}`, { accept: null })).text,
        `${DECLARATION}<response/>`,
      );
      assert.equal(
        await enroll({
          json: {
            ...body(learner),
            accessDate: '2026-01-01',
            dueDateType: 'due_period',
            duePeriod: 24,
            lockAfterDueDate: true,
          },
        }),
        201,
      );
      const [enrollment] = (await call(world, 'GET', `/enrollment?learnerIds[]=${learner}`)).json as {
        enrollmentId: string;
      }[];
      const xml = await call(world, 'GET', `/enrollment?learnerIds[]=${learner}`, { accept: null });
      const inner = `<enrollmentId>${enrollment?.enrollmentId}</enrollmentId><courseId>${course}</courseId><learnerId>${learner}</learnerId><accessDate>2026-01-01</accessDate><dueDate>2026-01-02</dueDate><expirationDate>2026-01-02</expirationDate><enrollmentTypeGroup>0</enrollmentTypeGroup><shouldLockAfterDueDate>1</shouldLockAfterDueDate>`;
      assert.equal(xml.text, `${DECLARATION}<response><enrollment>${inner}</enrollment></response>`);
      const one = await call(world, 'GET', `/enrollment/${enrollment?.enrollmentId}`, { accept: null });
      assert.equal(one.text, xml.text);
      assert.deepEqual(
        (await call(world, 'GET', `/enrollment/${enrollment?.enrollmentId}`)).json,
        enrollment,
      );
    });

    test('the id of what was created is a JSON string, or the text of response', async () => {
      const json = await call(world, 'POST', '/department', {
        json: { name: 'A', parentDepartmentId: world.account.rootDepartmentId },
      });
      assert.match(json.text, /^"[0-9a-f-]{36}"$/);
      const xml = await call(world, 'POST', '/department', {
        xml: toXmlBody({ name: 'B', parentDepartmentId: world.account.rootDepartmentId }),
        accept: null,
      });
      assert.match(xml.text, /^<\?xml .*\?>\n<response>[0-9a-f-]{36}<\/response>$/);
    });

    test('X-Return-Object answers with the object instead of the id', async () => {
      const parentDepartmentId = world.account.rootDepartmentId;
      const answer = await call(world, 'POST', '/department', {
        json: { name: 'C', parentDepartmentId },
        headers: { 'x-return-object': 'true' },
      });
      assert.equal(answer.status, 201);
      assert.equal((answer.json as { name: string }).name, 'C');
      assert.equal((answer.json as { parentDepartmentId: string }).parentDepartmentId, parentDepartmentId);
    });

    test('X-Target-Locale is accepted anywhere, also one that nobody knows', async () => {
      for (const locale of ['de-DE', 'xx-XX', ''])
        assert.equal(
          (await call(world, 'GET', '/content', { headers: { 'x-target-locale': locale } })).status,
          200,
        );
    });

    test('user fields go out as a list in upper case and come in as a map or a list, in any case', async () => {
      const departmentId = await addDepartment(world, 'Fields');
      const fields = [
        { name: 'LOGIN', value: `list-${engine}` },
        { name: 'first_name', value: 'Ann' },
      ];
      const json = await call(world, 'POST', '/user', { json: { departmentId, fields } });
      assert.equal(json.status, 201, json.text);
      const user = (await call(world, 'GET', `/user/${json.json}`)).json as {
        fields: { name: string; value: string }[];
      };
      assert.deepEqual(user.fields.slice(0, 3), [
        { name: 'LOGIN', value: `list-${engine}` },
        { name: 'EMAIL', value: '' },
        { name: 'FIRST_NAME', value: 'Ann' },
      ]);
      const xml = await call(world, 'POST', '/user', {
        xml: `<response><departmentId>${departmentId}</departmentId><fields><login>map-${engine}</login><email>map-${engine}@x.example</email></fields></response>`,
        accept: null,
      });
      assert.equal(xml.status, 201, xml.text);
      const again = await call(world, 'POST', '/user', {
        json: { departmentId, fields: { login: `MAP-${engine}` } },
      });
      assert.equal(again.status, 409);
      assert.match(
        (again.json as { message: string }).message,
        new RegExp(`${/[0-9a-f-]{36}/.exec(xml.text)?.[0]}$`),
      );
    });

    test('v1 shows an ended employment as inactive, v2 tells it apart', async () => {
      const user = await addUser(world, { status: 5 });
      assert.equal(((await call(world, 'GET', `/user/${user}`)).json as { status: number }).status, 3);
      assert.equal(((await call(world, 'GET', `/user/${user}/v2`)).json as { status: number }).status, 5);
      assert.match(
        (await call(world, 'GET', '/user/v2', { accept: null })).text,
        /<response><userProfileV2>/,
      );
      assert.match((await call(world, 'GET', '/user', { accept: null })).text, /<response><userProfile>/);
    });

    test('errors have code and message in the format of the caller, also where there is no such path', async () => {
      const json = await call(world, 'GET', '/nowhere');
      assert.deepEqual(Object.keys(json.json as object), ['code', 'message']);
      assert.equal(json.status, 404);
      assert.match(
        (await call(world, 'GET', '/nowhere', { accept: null })).text,
        /<response><code>404<\/code><message>/,
      );
      const wrong = await call(world, 'DELETE', '/enrollment');
      assert.equal(wrong.status, 405);
      assert.match(wrong.headers.get('allow') ?? '', /GET/);
    });

    test('an unknown enrollment id is 400, as is one unknown id in a filter', async () => {
      const nobody = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
      for (const path of [
        `/enrollment/${nobody}`,
        `/enrollment?learnerIds[]=${nobody}`,
        `/enrollments?courseIds[]=${nobody}`,
        `/enrollments?enrollmentIds[]=${nobody}`,
      ])
        assert.equal((await call(world, 'GET', path)).status, 400, path);
    });
  });
