import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { ENGINES } from '../support/database.ts';
import { addSession, addTraining, addUser } from '../support/people.ts';
import { call, type World } from '../support/server.ts';
import { startTwoServers, type TwoServers } from '../support/two-servers.ts';

/** Seats, when many want them at once, of two servers over one database. */
if (ENGINES.includes('postgresql'))
  describe('races for seats on PostgreSQL', () => {
    const CALLERS = 200;
    let world: World;
    let servers: TwoServers;
    let users: string[];

    before(async () => {
      servers = await startTwoServers();
      world = servers.world;
      users = await Promise.all(Array.from({ length: CALLERS }, () => addUser(world)));
    });
    after(() => servers.close());

    const ask = (n: number, session: string, userIds: string[], what = 'participants') =>
      call(servers.of(n), 'POST', `/training/session/${session}/${what}`, {
        json: { userIds },
      });
    const participantsOf = async (session: string): Promise<string[]> =>
      (
        (await call(world, 'GET', `/training/session/participants/${session}`)).json as {
          participants: string[];
        }
      ).participants;
    const times = (statuses: readonly number[]): Record<number, number> => {
      const counts: Record<number, number> = {};
      for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
      return counts;
    };

    test(`${CALLERS} callers want the last seat: exactly one gets it`, async () => {
      const session = await addSession(world, await addTraining(world), { capacity: 1 });
      const answers = await Promise.all(users.map((user, n) => ask(n, session, [user])));
      assert.deepEqual(times(answers.map((answer) => answer.status)), { 200: 1, 409: CALLERS - 1 });
      assert.deepEqual(
        new Set(answers.filter((answer) => answer.status === 409).map((answer) => answer.code)),
        new Set(['training.session_full']),
      );
      const winner = users[answers.findIndex((answer) => answer.status === 200)];
      assert.deepEqual(await participantsOf(session), [winner]);
    });

    test('seats are given and freed at once, in twos and threes: never more than there are, and none is lost', async () => {
      const session = await addSession(world, await addTraining(world), { capacity: 7 });
      const answers = await Promise.all(
        users.flatMap((user, n) => {
          const [next = '', third = ''] = [users[(n + 1) % CALLERS], users[(n + 2) % CALLERS]];
          return [
            ask(n, session, n % 2 === 0 ? [user, next] : [third, user, next]),
            ask(n + 1, session, [next], 'participants/remove'),
          ];
        }),
      );
      const counts = times(answers.map((answer) => answer.status));
      assert.deepEqual(Object.keys(counts), ['200', '409']);
      const left = await participantsOf(session);
      assert.ok(left.length <= 7);
      await ask(0, session, left.slice(0, 1).concat(users[0] ?? ''), 'participants/remove');
      const seated = await participantsOf(session);
      // Whatever the races left: exactly as many more fit as there are free seats.
      const others = users.filter((user) => !seated.includes(user)).slice(0, 8 - seated.length);
      assert.equal((await ask(0, session, others)).status, 409);
      assert.equal((await ask(0, session, others.slice(1))).status, 200);
      assert.equal((await participantsOf(session)).length, 7);
    });

    test('one user wanted by many sessions of a training sits in one', async () => {
      const training = await addTraining(world);
      const sessions = await Promise.all(Array.from({ length: 20 }, () => addSession(world, training)));
      const [user = ''] = users;
      const answers = await Promise.all(sessions.map((session, n) => ask(n, session, [user])));
      assert.deepEqual(times(answers.map((answer) => answer.status)), { 200: 1, 409: 19 });
      assert.ok(answers.every((answer) => answer.status === 200 || answer.code === 'training.other_session'));
      const holders = await Promise.all(sessions.map(participantsOf));
      assert.deepEqual(holders.flat(), [user]);
    });

    test('deactivating a user beside seating them: no inactive user is seated afterwards', async () => {
      const session = await addSession(world, await addTraining(world));
      for (let round = 0; round < 10; round++) {
        const user = await addUser(world);
        const [seated, deactivated] = await Promise.all([
          ask(round, session, [user]),
          call(servers.of(1), 'POST', `/user/${user}/status`, { json: { status: 3 } }),
        ]);
        assert.equal(deactivated.status, 200);
        assert.ok(seated.status === 200 || seated.code === 'training.inactive_users', seated.text);
        assert.equal((await ask(round, session, [user])).code, 'training.inactive_users');
      }
    });

    test('the database itself refuses a seat beyond the limit, a second session, a limit below the seats taken', async () => {
      const training = await addTraining(world);
      const [session, other] = [
        await addSession(world, training, { capacity: 1 }),
        await addSession(world, training, { capacity: 5 }),
      ];
      const [ann = '', ben = ''] = users;
      assert.equal((await ask(0, session, [ann])).status, 200);
      const insert = (userId: string, into: string, number: number, limit: number) =>
        world.db.write((tx) =>
          sql`insert into training_seat (account_id, training_id, user_id, session_id, seat_id, seat_number, seat_limit, taken_by, taken_at)
            values (1, ${training}, ${userId}, ${into}, ${into}, ${number}, ${limit}, 'learner', now())`.execute(
            tx,
          ),
        );
      const violates = (constraint: string) => (error: { constraint?: string }) =>
        assert.equal(error.constraint, constraint) === undefined;
      await assert.rejects(insert(ben, session, 2, 1), violates('training_seat_limit'));
      await assert.rejects(insert(ben, session, 1, 1), violates('training_seat_one_user'));
      await assert.rejects(
        insert(ben, session, 2, 9),
        violates('training_seat_account_id_session_id_seat_limit_fkey'),
      );
      await assert.rejects(insert(ann, other, 1, 5), violates('training_seat_pkey'));
      assert.equal((await ask(0, other, [ben])).status, 200);
      assert.equal((await ask(0, other, [users[2] ?? '', users[3] ?? ''])).status, 200);
      const limit = (capacity: number | null) =>
        world.db.write((tx) =>
          sql`update training_session set capacity = ${capacity} where account_id = 1 and session_id = ${other}`.execute(
            tx,
          ),
        );
      await assert.rejects(limit(2), violates('training_seat_limit'));
      await limit(null);
      await limit(3);
    });
  });
