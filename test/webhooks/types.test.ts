import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { CONTRACT_TYPES } from '../../src/events/index.ts';
import { ENGINES } from '../support/database.ts';
import { addCourseOf, addModule, addTrack, enroll, record } from '../support/learning.ts';
import { addCourse, addSession, addTraining, addUser, daysOf, everything } from '../support/people.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { call, requestStatements, startWorld, type World } from '../support/server.ts';
import { confirmed, post, subscribe } from './telling.ts';

/** Every type of the contract that has a row of its own: what a subscriber is told, to the letter, and of what not. */

const NOW = new Date('2026-03-01T12:34:56.789Z');
const NOW_NS = '1772368496789000000';

interface Message {
  readonly type: string;
  readonly payloads: readonly object[];
}

for (const engine of ENGINES)
  describe(`what each type of event says (${engine})`, () => {
    let world: World;
    let receiver: Receiver;
    before(async () => {
      world = await startWorld(engine, { now: NOW });
      receiver = await startReceiver();
      const name = await confirmed(world, receiver);
      for (const type of CONTRACT_TYPES)
        if (type !== 'LEARNERS_ENROLLED_IN_COURSE') await subscribe(world, name, {}, type);
      await heard();
    });
    after(async () => {
      await receiver.close();
      await world.close();
    });

    /** Delivers what there is: the messages to a receiver since it was last asked; the instant, in all its digits, as 'NOW'. */
    const heard = async (by = receiver): Promise<Message[]> => {
      await world.app.dispatcher.round();
      return by.received
        .splice(0)
        .map(({ body }) => JSON.parse(body.replaceAll(`:${NOW_NS}`, ':"NOW"')) as Message)
        .filter(({ type }) => type !== 'CONFIRMATION');
    };
    const message = (type: string, ...payloads: object[]): Message => ({ type, payloads });
    /** Somebody else, with filters, while the work is done: what they were told. */
    const filtered = async (
      filters: Record<string, readonly string[]>,
      types: readonly string[],
      work: () => Promise<unknown>,
    ): Promise<Message[]> => {
      const other = await startReceiver();
      const subscriberName = await confirmed(world, other);
      for (const type of types) await subscribe(world, subscriberName, filters, type);
      await work();
      const told = await heard(other);
      receiver.received.length = 0;
      await post(world, '/webhook/remove', { subscriberName });
      await other.close();
      return told;
    };

    test('USER_REGISTERED: with login and e-mail, or null; not of whom the server refused', async () => {
      const departmentId = world.account.rootDepartmentId;
      const login = 'Ann';
      const add = (more: object) =>
        call(world, 'POST', '/user', { json: { departmentId, fields: { login }, ...more } });
      const ann = (await add({ email: 'ann@academy.example' })).json as string;
      assert.equal((await add({})).status, 409);
      const ben = (await add({ fields: { login: 'Ben' } })).json as string;
      assert.deepEqual(await heard(), [
        message(
          'USER_REGISTERED',
          { userId: ann, departmentId, login: 'Ann', email: 'ann@academy.example' },
          { userId: ben, departmentId, login: 'Ben', email: null },
        ),
      ]);
    });

    test('USER_REGISTERED: of a user deleted before it is told, who it was is not told', async () => {
      const departmentId = world.account.rootDepartmentId;
      const userId = await addUser(world, { login: 'soon forgotten' });
      assert.match(await eventTexts(), /soon forgotten/);
      assert.equal((await call(world, 'DELETE', `/user/${userId}`)).status, 204);
      assert.doesNotMatch(await eventTexts(), /soon forgotten/);
      assert.deepEqual(await heard(), [
        message('USER_REGISTERED', { userId, departmentId, login: null, email: null }),
      ]);
    });
    const eventTexts = async (): Promise<string> => {
      const { rows } = await world.db.read((tx) =>
        sql<{ text: string }>`select string_agg(payload::text, ' ') as text from event`.execute(tx),
      );
      return rows[0]?.text ?? '';
    };

    test('courses, their items and tracks: each other status, and completion once, the parts first', async () => {
      const { courseId, moduleIds, itemIds } = await addCourseOf(world, 2);
      const trackId = await addTrack(world, [courseId]);
      const learnerId = await addUser(world);
      const direct = await enroll(world, learnerId, courseId);
      const through = await enroll(world, learnerId, trackId);
      await heard();
      const course = { courseId, learnerId, enrollmentIds: [direct, through] };
      const track = { courseId: trackId, learnerId, enrollmentIds: [through] };
      const item = (no: number) => ({ courseItemId: itemIds[no], ...course });

      await record(world, direct, { moduleId: moduleIds[0], progress: 40 });
      const begun = { status: 'in_progress' };
      const at = { date: 'NOW' };
      assert.deepEqual(await heard(), [
        message('COURSE_ITEM_STATUS_CHANGED', { ...item(0), ...begun }),
        message('COURSE_STATUS_CHANGED', { ...course, ...begun, ...at }, { ...track, ...begun, ...at }),
      ]);
      await record(world, direct, { moduleId: moduleIds[0], progress: 60, score: 3 });
      assert.deepEqual(await heard(), [], 'further on, but no other status');

      await record(world, through, { moduleId: moduleIds[0], status: 'passed' });
      const done = { completionDate: 'NOW' };
      assert.deepEqual(await heard(), [
        message('COURSE_ITEM_STATUS_CHANGED', { ...item(0), status: 'passed' }),
        message('COURSE_ITEM_COMPLETED_SUCCESSFULLY', { ...item(0), ...done }),
      ]);
      await record(world, direct, { moduleId: moduleIds[1], progress: 100 });
      const complete = { status: 'complete' };
      assert.deepEqual(await heard(), [
        message('COURSE_ITEM_STATUS_CHANGED', { ...item(1), ...complete }),
        message('COURSE_ITEM_COMPLETED_SUCCESSFULLY', { ...item(1), ...done }),
        message('COURSE_STATUS_CHANGED', { ...course, ...complete, ...at }, { ...track, ...complete, ...at }),
        message('COURSE_COMPLETED_SUCCESSFULLY', { ...course, ...done }, { ...track, ...done }),
      ]);
      await record(world, direct, { status: 'passed' });
      assert.deepEqual(
        await heard(),
        [message('COURSE_STATUS_CHANGED', { ...course, status: 'passed', ...at })],
        'completed before: not again',
      );
      await record(world, direct, { moduleId: moduleIds[1], status: 'failed' });
      assert.deepEqual(await heard(), [], 'what is completed stays so');
    });

    test('a material on its own is told as a course, and completed again when enrolled again', async () => {
      const page = await addCourse(world, 'Page');
      const learnerId = await addUser(world);
      const first = await enroll(world, learnerId, page);
      await heard();
      const told = (enrollmentId: string) => {
        const about = { courseId: page, learnerId, enrollmentIds: [enrollmentId] };
        return [
          message('COURSE_STATUS_CHANGED', { ...about, status: 'complete', date: 'NOW' }),
          message('COURSE_COMPLETED_SUCCESSFULLY', { ...about, completionDate: 'NOW' }),
        ];
      };
      await record(world, first, { progress: 100 });
      assert.deepEqual(await heard(), told(first));
      assert.equal(
        (await call(world, 'POST', `/enrollment/${first}/reenroll`, { json: { dueDateType: 'unlimited' } }))
          .status,
        200,
      );
      const list = (await call(world, 'GET', `/enrollment?learnerIds[]=${learnerId}`)).json;
      const [{ enrollmentId = '' } = {}] = list as { enrollmentId: string }[];
      await record(world, enrollmentId, { progress: 100 });
      assert.deepEqual(await heard(), told(enrollmentId));
    });

    test('attendance of many: in as many statements as of one, each told', async () => {
      const training = await addTraining(world);
      const course = await addCourse(world);
      await addModule(world, course, training);
      const session = await addSession(world, training);
      const [dayId = ''] = await daysOf(world, session);
      const people: string[] = [];
      for (let n = 0; n < 12; n++) people.push(await addUser(world));
      await post(world, '/enrollment', { courseIds: [course], learnerIds: people, dueDateType: 'unlimited' });
      await post(world, `/training/session/${session}/participants`, { userIds: people });
      const attend = async (...userIds: string[]): Promise<number> => {
        world.statements.length = 0;
        await post(world, `/training/day/${dayId}/participants/attendance/update`, {
          participantsAttendance: userIds.map((participantId) => ({ participantId, isAttended: true })),
        });
        return requestStatements(world).length;
      };
      const [one = '', ...others] = people;
      const ofOne = await attend(one);
      await heard();
      assert.equal(await attend(...others), ofOne);
      const told = await heard();
      assert.deepEqual(
        told.map(({ type, payloads }) => `${type} ${payloads.length}`),
        [
          'COURSE_ITEM_STATUS_CHANGED 11',
          'COURSE_ITEM_COMPLETED_SUCCESSFULLY 11',
          'COURSE_STATUS_CHANGED 11',
          'COURSE_COMPLETED_SUCCESSFULLY 11',
        ],
      );
      for (const { payloads } of told)
        assert.deepEqual(
          payloads.map((payload) => (payload as { learnerId: string }).learnerId).sort(),
          [...others].sort(),
        );
      assert.deepEqual({ courseItemId: training, ...told[0]?.payloads[0] }, told[0]?.payloads[0]);
    });

    test('what is refused tells nobody', async () => {
      const { courseId } = await addCourseOf(world, 1);
      const { courseId: late } = await addCourseOf(world, 1);
      const learnerId = await addUser(world);
      const id = await enroll(world, learnerId, courseId);
      const notYet = await enroll(world, learnerId, late, {
        dueDateType: 'unlimited',
        accessDate: '2026-09-01',
      });
      await heard();
      const before = await everything(world.db, ['seal', 'webhook_subscriber']);
      for (const [enrollmentId, json] of [
        [id, { moduleId: learnerId, status: 'complete' }],
        [id, {}],
        [notYet, { progress: 100 }],
      ] as const)
        assert.equal(
          (await call(world, 'POST', `/enrollment/${enrollmentId}/progress`, { json })).status,
          400,
        );
      assert.equal(await everything(world.db, ['seal', 'webhook_subscriber']), before);
      assert.deepEqual(await heard(), []);
    });

    test('TRAINING_MEETING_ADDED and UPDATED: one for each day; the same link again is no change', async () => {
      const trainingId = await addTraining(world);
      const days = [2, 1].map((n) => ({ startTime: `2027-01-0${n} 10:00:00`, duration: 3600 }));
      const sessionId = await addSession(world, trainingId, { days });
      const [first, second] = await daysOf(world, sessionId);
      // They are listed by their start, and were added as the request has them.
      assert.deepEqual(await heard(), [
        message(
          'TRAINING_MEETING_ADDED',
          { trainingId, sessionId, dayId: second },
          { trainingId, sessionId, dayId: first },
        ),
      ]);
      const link = (url: string) => call(world, 'POST', `/training/day/${first}`, { json: { url } });
      assert.equal((await link('https://meet.example/1')).status, 200);
      assert.deepEqual(await heard(), [
        message('TRAINING_MEETING_UPDATED', { trainingId, sessionId, dayId: first }),
      ]);
      assert.equal((await link('https://meet.example/1')).status, 200);
      assert.equal((await link('ftp://meet.example/1')).status, 400);
      assert.deepEqual(await heard(), []);
      assert.equal((await link('')).status, 200);
      assert.equal((await heard()).length, 1);
    });

    test('TRAINING_SESSION_PARTICIPANTS_ADDED and REMOVED: who got a seat, and who lost one', async () => {
      const trainingId = await addTraining(world);
      const sessionId = await addSession(world, trainingId, { capacity: 2 });
      const [ann, ben, eve] = [await addUser(world), await addUser(world), await addUser(world)].sort();
      const seats = (path: string, ...userIds: unknown[]) =>
        call(world, 'POST', `/training/session/${sessionId}/participants${path}`, { json: { userIds } });
      const session = { trainingId, sessionId };
      await heard();
      assert.equal((await seats('', ann)).status, 200);
      assert.equal((await seats('', ben, ann)).status, 200);
      assert.equal((await seats('', ann)).status, 200);
      assert.equal((await seats('', eve)).code, 'training.session_full');
      assert.deepEqual(await heard(), [
        message(
          'TRAINING_SESSION_PARTICIPANTS_ADDED',
          { ...session, participantIds: [ann] },
          { ...session, participantIds: [ben] },
        ),
      ]);
      assert.equal((await seats('/remove', eve, ann)).status, 200);
      assert.equal((await seats('/remove', ann)).status, 200);
      assert.deepEqual(await heard(), [
        message('TRAINING_SESSION_PARTICIPANT_REMOVED', { ...session, participantId: ann }),
      ]);
      assert.equal((await call(world, 'POST', `/user/${ben}/status`, { json: { status: 5 } })).status, 200);
      assert.deepEqual(await heard(), [], 'whoever is terminated keeps the seat');
      assert.equal((await call(world, 'DELETE', `/user/${ben}`)).status, 204);
      assert.deepEqual(await heard(), [
        message('TRAINING_SESSION_PARTICIPANT_REMOVED', { ...session, participantId: ben }),
      ]);
    });

    test('filters: userIds, courseIds and courseItemIds let through what they name, all of them together', async () => {
      const { courseId, moduleIds, itemIds } = await addCourseOf(world, 2);
      const { courseId: other, moduleIds: otherModules } = await addCourseOf(world, 1);
      const [ann, ben] = [await addUser(world), await addUser(world)];
      const hers = await enroll(world, ann, courseId);
      const his = await enroll(world, ben, courseId);
      const hersToo = await enroll(world, ann, other);
      await heard();
      const about = { courseId, learnerId: ann, enrollmentIds: [hers] };
      const begin = async (ordinal: number) => {
        for (const id of [hers, his])
          await record(world, id, { moduleId: moduleIds[ordinal], progress: 100 });
      };
      assert.deepEqual(
        await filtered({ userIds: [ann], courseIds: [courseId] }, ['COURSE_STATUS_CHANGED'], async () => {
          await begin(0);
          await record(world, hersToo, { moduleId: otherModules[0], progress: 100 });
        }),
        [message('COURSE_STATUS_CHANGED', { ...about, status: 'in_progress', date: 'NOW' })],
      );
      const completion = [{ courseItemId: itemIds[1], ...about, completionDate: 'NOW' }];
      assert.deepEqual(
        await filtered(
          { userIds: [ann], courseItemIds: [itemIds[1] ?? ''] },
          ['COURSE_ITEM_COMPLETED_SUCCESSFULLY', 'COURSE_ITEM_STATUS_CHANGED'],
          () => begin(1),
        ),
        [
          message('COURSE_ITEM_STATUS_CHANGED', {
            courseItemId: itemIds[1],
            ...about,
            status: 'complete',
          }),
          message('COURSE_ITEM_COMPLETED_SUCCESSFULLY', ...completion),
        ],
      );
    });

    test('filters: of participants only those named are told', async () => {
      const [trainingId, ann, ben] = [await addTraining(world), await addUser(world), await addUser(world)];
      const sessionId = await addSession(world, trainingId);
      const userIds = [ann, ben];
      const told = await filtered(
        { userIds: [ben] },
        ['TRAINING_SESSION_PARTICIPANTS_ADDED', 'TRAINING_SESSION_PARTICIPANT_REMOVED'],
        async () => {
          await post(world, `/training/session/${sessionId}/participants`, { userIds });
          await post(world, `/training/session/${sessionId}/participants/remove`, { userIds });
        },
      );
      assert.deepEqual(told, [
        message('TRAINING_SESSION_PARTICIPANTS_ADDED', { trainingId, sessionId, participantIds: [ben] }),
        message('TRAINING_SESSION_PARTICIPANT_REMOVED', { trainingId, sessionId, participantId: ben }),
      ]);
    });
  });
