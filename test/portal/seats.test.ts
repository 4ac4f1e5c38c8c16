import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { ENGINES } from '../support/database.ts';
import { addTrack, enroll } from '../support/learning.ts';
import { addCourse, addSession, addTraining, addUser, daysOf } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';
import { Visitor, wordsOf } from '../support/visitor.ts';

const PASSWORD = 'correct horse battery';
const HOUR_MS = 3_600_000;

for (const engine of ENGINES)
  describe(`choosing a session (${engine})`, () => {
    let world: World;
    let no = 0;
    before(async () => {
      world = await startWorld(engine, { now: new Date('2026-03-02T09:00:00Z') });
    });
    after(() => world.close());

    const at = (hours: number): string =>
      new Date(world.clock.now.getTime() + hours * HOUR_MS).toISOString().slice(0, 19).replace('T', ' ');
    const day = (hours: number, duration = 7200) => ({
      startTime: at(hours),
      duration,
      location: `Room ${hours}`,
    });

    interface Stage {
      readonly course: string;
      readonly training: string;
      readonly module: string;
    }
    const stage = async (more: Record<string, unknown> = {}): Promise<Stage> => {
      const training = await addTraining(world, more);
      const course = await addCourse(world);
      const answer = await call(world, 'POST', `/course/${course}/modules`, {
        json: { itemId: training, title: 'Meet' },
      });
      return { course, training, module: answer.json as string };
    };
    interface Learner {
      readonly userId: string;
      readonly enrollmentId: string;
      readonly visit: Visitor;
      readonly path: string;
    }
    const learnerAt = async (
      { course, module }: Stage,
      terms?: Record<string, unknown>,
    ): Promise<Learner> => {
      const login = `chooser-${++no}`;
      const userId = await addUser(world, { login, password: PASSWORD });
      const enrollmentId = await enroll(world, userId, course, terms);
      const visit = new Visitor(world);
      await visit.signIn(login, PASSWORD);
      return { userId, enrollmentId, visit, path: `/my/learning/${enrollmentId}/training/${module}` };
    };
    const act = async ({ visit, path }: Learner, action: string, sessionId = '') => {
      const page = await visit.get(path);
      const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
      return visit.post(`${path}/${action}`, { csrf, sessionId });
    };
    const done = async (learner: Learner, action: string, sessionId = ''): Promise<string> => {
      const answer = await act(learner, action, sessionId);
      assert.equal(answer.status, 303, wordsOf(answer));
      return wordsOf(await learner.visit.get(answer.location ?? ''));
    };
    const refused = async (learner: Learner, action: string, sessionId = ''): Promise<string> => {
      const answer = await act(learner, action, sessionId);
      assert.equal(answer.status, 409, wordsOf(answer));
      return wordsOf(answer);
    };
    const participants = async (session: string): Promise<string[]> =>
      (
        (await call(world, 'GET', `/training/session/participants/${session}`)).json as {
          participants: string[];
        }
      ).participants;

    test('choose, switch and leave; times, place, instructor and seats are shown; a click twice does nothing twice', async () => {
      const own = await stage();
      const instructor = await addUser(world, { name: ['Ina', 'Weber'] });
      const one = await addSession(world, own.training, {
        title: 'Morning',
        capacity: 2,
        instructor,
        days: [day(48)],
      });
      const two = await addSession(world, own.training, { title: 'Evening', days: [day(72), day(96)] });
      const learner = await learnerAt(own);
      const item = await learner.visit.get(`/my/learning/${learner.enrollmentId}`);
      assert.match(item.text, new RegExp(`href="${learner.path}"`));
      const page = wordsOf(await learner.visit.get(learner.path));
      assert.match(
        page,
        /Morning.*March 4, 2026.*Room 48.*With Ina Weber.*2 seats free.*Choose before.*Evening.*Seats free/,
      );
      assert.match(
        await done(learner, 'choose', one),
        /You have a seat in this session.*Your session Morning/,
      );
      assert.match(await done(learner, 'choose', one), /Your session Morning/);
      assert.deepEqual(await participants(one), [learner.userId]);
      assert.match(await done(learner, 'choose', two), /Your session Evening/);
      assert.deepEqual([await participants(one), await participants(two)], [[], [learner.userId]]);
      const left = await done(learner, 'leave');
      assert.match(left, /You have left the session/);
      assert.match(await done(learner, 'leave'), /You have left the session/);
      assert.deepEqual(await participants(two), []);
    });

    test('a full session: what is still free is shown; the waiting list moves up in order, by itself', async () => {
      const own = await stage();
      const session = await addSession(world, own.training, { title: 'Small', capacity: 1, days: [day(48)] });
      await addSession(world, own.training, { title: 'Other', capacity: 9, days: [day(50)] });
      const [first, second, third, fourth] = [
        await learnerAt(own),
        await learnerAt(own),
        await learnerAt(own),
        await learnerAt(own),
      ] as const;
      await done(first, 'choose', session);
      assert.match(
        await refused(second, 'choose', session),
        /The last seat has just been taken.*Small.*Full.*Other.*9 seats free/,
      );
      assert.match(await done(second, 'wait', session), /You are on the waiting list.*You are number 1/);
      assert.match(await done(third, 'wait', session), /You are number 2/);
      assert.match(await done(second, 'wait', session), /You are number 1/, 'who waits keeps the place');
      await done(fourth, 'wait', session);
      assert.match(await done(third, 'stop-waiting'), /no longer on the waiting list/);
      await done(first, 'leave');
      assert.deepEqual(await participants(session), [second.userId]);
      assert.match(wordsOf(await second.visit.get(second.path)), /Your session Small/);
      assert.match(await refused(second, 'wait', session), /You have a seat already/);
      await call(world, 'POST', `/training/session/${session}/participants/remove`, {
        json: { userIds: [second.userId] },
      });
      assert.deepEqual(
        await participants(session),
        [fourth.userId],
        'also when an administrator takes a seat away',
      );
      await done(third, 'wait', session);
      assert.equal((await call(world, 'DELETE', `/user/${fourth.userId}`)).status, 204);
      await world.app.jobs.round();
      assert.deepEqual(await participants(session), [third.userId], 'and when somebody is deleted');
      await done(first, 'wait', session);
      await call(world, 'POST', `/user/${first.userId}/status`, { json: { status: 3 } });
      await done(third, 'leave');
      assert.deepEqual(await participants(session), [], 'nobody who is inactive');
    });

    test('a switch to a full session keeps the old seat', async () => {
      const own = await stage();
      const [full, free] = [
        await addSession(world, own.training, { capacity: 1, days: [day(48)] }),
        await addSession(world, own.training, { days: [day(60)] }),
      ];
      const [one, two] = [await learnerAt(own), await learnerAt(own)];
      await done(one, 'choose', full);
      await done(two, 'choose', free);
      assert.match(await refused(two, 'choose', full), /The last seat has just been taken/);
      assert.deepEqual(await participants(free), [two.userId]);
    });

    test('deadlines, the start, and what an administrator chose hold by any address', async () => {
      const own = await stage({ registrationDeadlineHours: 24, cancellationDeadlineHours: 48 });
      const soon = await addSession(world, own.training, { title: 'Soon', days: [day(10)] });
      const near = await addSession(world, own.training, { title: 'Near', days: [day(30)] });
      const far = await addSession(world, own.training, { title: 'Far', days: [day(500)] });
      const begun = await addSession(world, own.training, { title: 'Begun', days: [day(-1)] });
      const learner = await learnerAt(own);
      assert.match(await refused(learner, 'choose', soon), /can no longer be chosen/);
      assert.match(await refused(learner, 'choose', begun), /has begun/);
      assert.match(await refused(learner, 'wait', begun), /has begun/);
      assert.match(await done(learner, 'choose', near), /This session can no longer be left/);
      assert.match(await refused(learner, 'leave'), /can no longer be left/);
      assert.match(await refused(learner, 'choose', far), /can no longer be left/);
      assert.deepEqual(await participants(near), [learner.userId]);
      const chosen = await learnerAt(own);
      await call(world, 'POST', `/training/session/${far}/participants`, {
        json: { userIds: [chosen.userId] },
      });
      assert.match(wordsOf(await chosen.visit.get(chosen.path)), /Your session Far.*was chosen for you/);
      assert.match(await refused(chosen, 'leave'), /was chosen for you/);
      const there = await learnerAt(own);
      await done(there, 'choose', far);
      const [dayId] = await daysOf(world, far);
      await world.db.write((tx) =>
        sql`insert into training_attendance (account_id, day_id, user_id, is_attended, duration_seconds, recorded_by, recorded_at)
          values (${world.account.accountId}, ${dayId}, ${there.userId}, true, 60, ${world.account.ownerId}, ${world.clock.now})`.execute(
          tx,
        ),
      );
      assert.match(await refused(there, 'leave'), /Your attendance is recorded/);
    });

    test('two trainings at the same time are warned of, not refused', async () => {
      const [one, two] = [await stage({ title: 'Ladders' }), await stage({ title: 'Ropes' })];
      const first = await addSession(world, one.training, { days: [day(100, 3600)] });
      const clashing = await addSession(world, two.training, { title: 'Clash', days: [day(100.5, 3600)] });
      await addSession(world, two.training, { title: 'After', days: [day(101, 3600)] });
      const learner = await learnerAt(one);
      const enrollmentId = await enroll(world, learner.userId, two.course);
      const other = { ...learner, path: `/my/learning/${enrollmentId}/training/${two.module}` };
      await done(learner, 'choose', first);
      const page = wordsOf(await learner.visit.get(other.path));
      assert.match(page, /Clash.*At the same time you have: Ladders.*After/);
      assert.equal(page.match(/At the same time/g)?.length, 1);
      assert.match(await done(other, 'choose', clashing), /Your session Clash/);
    });

    test('only while the course is open, only in what one is enrolled in, through a learning track too', async () => {
      const own = await stage();
      const session = await addSession(world, own.training, { days: [day(400)] });
      const date = (hours: number) => new Date(world.clock.now.getTime() + hours * HOUR_MS).toISOString();
      const early = await learnerAt(own, { dueDateType: 'unlimited', accessDate: date(1) });
      const late = await learnerAt(own, {
        dueDateType: 'due_date',
        accessDate: date(-9),
        dueDate: date(-1),
        lockAfterDueDate: true,
      });
      for (const learner of [early, late]) {
        assert.equal((await learner.visit.get(learner.path)).status, 400);
        await learner.visit.get('/my');
        const csrf = /name="csrf" value="([^"]+)"/.exec(learner.visit.page.text)?.[1] ?? '';
        assert.equal(
          (await learner.visit.post(`${learner.path}/choose`, { csrf, sessionId: session })).status,
          400,
        );
      }
      const stranger = await learnerAt(await stage());
      assert.equal((await stranger.visit.get(early.path)).status, 404);
      assert.deepEqual(await participants(session), []);
      const track = await addTrack(world, [own.course]);
      const login = `chooser-${++no}`;
      const userId = await addUser(world, { login, password: PASSWORD });
      const enrollmentId = await enroll(world, userId, track);
      const visit = new Visitor(world);
      await visit.signIn(login, PASSWORD);
      const path = `/my/learning/${enrollmentId}/training/${own.module}`;
      assert.match(
        (await visit.get(path)).text,
        new RegExp(`href="/my/learning/${enrollmentId}/${own.course}"`),
      );
      await done({ visit, path, userId, enrollmentId }, 'choose', session);
      assert.deepEqual(await participants(session), [userId]);
      const elsewhere = await addSession(world, (await stage()).training, { days: [day(48)] });
      assert.equal(
        (await act({ visit, path, userId, enrollmentId }, 'choose', elsewhere)).status,
        404,
        'no session of this training',
      );
    });
  });
