import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { ENGINES } from '../support/database.ts';
import { addCourse, addSession, addTraining, addUser } from '../support/people.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import { call, type World } from '../support/server.ts';
import { startTwoServers, type TwoServers } from '../support/two-servers.ts';
import { Visitor } from '../support/visitor.ts';

/** The last seat, wanted through the portal, through the API and by a waiting list, on two servers over one database. */

const RUNS = count(3, 100);
const LEARNERS = count(40, 200);

if (ENGINES.includes('postgresql'))
  describe('races for the last seat on PostgreSQL', () => {
    let world: World;
    let servers: TwoServers;
    let course: string;
    let visitors: { userId: string; visit: Visitor; csrf: string; enrollmentId: string }[];

    before(async () => {
      servers = await startTwoServers();
      world = servers.world;
      course = await addCourse(world);
      const password = 'correct horse battery';
      const users: { userId: string; login: string }[] = [];
      for (let n = 0; n < LEARNERS; n++)
        users.push({ login: `racer-${n}`, userId: await addUser(world, { login: `racer-${n}`, password }) });
      const json = {
        courseIds: [course],
        learnerIds: users.map(({ userId }) => userId),
        dueDateType: 'unlimited',
      };
      assert.equal((await call(world, 'POST', '/enrollment', { json })).status, 201);
      const list = (await call(world, 'GET', '/enrollment')).json as {
        learnerId: string;
        enrollmentId: string;
      }[];
      visitors = [];
      for (const [n, { userId, login }] of users.entries()) {
        const visit = new Visitor({ url: servers.of(n).url });
        assert.equal((await visit.signIn(login, password)).status, 303);
        const csrf = /name="csrf" value="([^"]+)"/.exec((await visit.get('/my')).text)?.[1] ?? '';
        const enrollmentId = list.find(({ learnerId }) => learnerId === userId)?.enrollmentId ?? '';
        visitors.push({ userId, visit, csrf, enrollmentId });
      }
    });
    after(() => servers.close());

    test(`${RUNS} times ${LEARNERS} learners: one seat, given once; whoever leaves makes room for one (seed ${SEED})`, async (t) => {
      const random = randomFrom(SEED);
      const won = { portal: 0, list: 0, api: 0 };
      for (let run = 0; run < RUNS; run++) {
        const training = await addTraining(world);
        const answer = await call(world, 'POST', `/course/${course}/modules`, { json: { itemId: training } });
        const session = await addSession(world, training, { capacity: 2 });
        const seated = async (): Promise<string[]> => {
          const { rows } = await world.db.read((tx) =>
            sql<{ user_id: string }>`select user_id from training_seat where session_id = ${session}`.execute(
              tx,
            ),
          );
          return rows.map((row) => row.user_id);
        };
        const path = (n: number) =>
          `/my/learning/${visitors[n]?.enrollmentId}/training/${answer.json as string}`;
        const through = (n: number, action: string) => {
          const own = visitors[n];
          assert.ok(own);
          return own.visit.post(`${path(n)}/${action}`, { csrf: own.csrf, sessionId: session });
        };
        // One sits there already and leaves in the middle of it all; a second seat is taken and stays.
        assert.equal((await through(0, 'choose')).status, 303);
        const stays = visitors[1]?.userId ?? '';
        await call(world, 'POST', `/training/session/${session}/participants`, {
          json: { userIds: [stays] },
        });
        const ways = visitors.map(() => (['portal', 'list', 'api'] as const)[random(3)] ?? 'list');
        const wants = visitors.map((own, n) => async () => {
          if (n < 2) return;
          const how = ways[n];
          const status =
            how === 'portal'
              ? (await through(n, 'choose')).status
              : how === 'list'
                ? (await through(n, 'wait')).status
                : (
                    await call(servers.of(n), 'POST', `/training/session/${session}/participants`, {
                      json: { userIds: [own.userId] },
                    })
                  ).status;
          assert.ok([200, 303, 409].includes(status), `${how}: ${status}`);
        });
        // Half the time before anybody waits, so that nobody has a claim.
        wants.splice(random(random(2) === 0 ? 3 : wants.length), 0, async () => {
          assert.equal((await through(0, 'leave')).status, 303);
        });
        await Promise.all(wants.map((want) => want()));
        const after = await seated();
        assert.equal(after.length, 2, `run ${run}: ${after.length} seats`);
        assert.ok(after.includes(stays) && !after.includes(visitors[0]?.userId ?? ''));
        const { rows } = await world.db.read((tx) =>
          sql<{
            n: number;
          }>`select count(*)::int as n from training_waiting w join training_seat s using (account_id, training_id, user_id)
            where w.session_id = ${session}`.execute(tx),
        );
        assert.equal(rows[0]?.n, 0, 'nobody who sits there waits');
        const winner = visitors.findIndex(({ userId }) => userId !== stays && after.includes(userId));
        won[ways[winner] ?? 'list']++;
      }
      t.diagnostic(`the seat went through ${JSON.stringify(won)}`);
      if (RUNS >= 100)
        for (const [way, times] of Object.entries(won)) assert.ok(times > 0, `never by ${way}`);
    });
  });
