import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { WriteLimits } from '../../src/enrollment/index.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { call, type World } from '../support/server.ts';
import { type Server, startTwoServers } from '../support/two-servers.ts';

/** Races, on the engine that has them. Two servers share the database. */
if (ENGINES.includes('postgresql'))
  describe('races on PostgreSQL', () => {
    /** The seed is in the name, so that a failure can be repeated. */
    const seed = Number(process.env['ROLLBOOK_SEED'] ?? Date.now() % 100_000);
    let state = seed;
    const random = (below: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((state / 2_147_483_648) * below);
    };
    /** Sizes drawn anew in each run: nothing may depend on how requests are cut or put together. */
    const drawn = (): Partial<WriteLimits> => ({
      smallPairs: 1 + random(3_000),
      batchRequests: 1 + random(64),
      batchPairs: 1 + random(2_000),
      chunkPairs: 5 + random(40) ** 2,
    });
    let world: World;
    let second: Server;
    let close: () => Promise<void>;
    let learners: string[];
    let courses: string[];

    before(async () => {
      const servers = await startTwoServers(drawn);
      world = servers.world;
      second = servers.of(1);
      close = servers.close;
      learners = await Promise.all(Array.from({ length: 120 }, () => addUser(world)));
      courses = await Promise.all(Array.from({ length: 100 }, () => addCourse(world)));
    });
    after(() => close());

    const enroll = async (server: Server, courseIds: readonly string[], learnerIds: readonly string[]) =>
      (
        await call(server, 'POST', '/enrollment', {
          json: { courseIds, learnerIds, dueDateType: 'unlimited' },
        })
      ).status;
    const count = async (query: ReturnType<typeof sql<{ n: number }>>): Promise<number> =>
      (await world.db.read((tx) => query.execute(tx))).rows[0]?.n ?? -1;
    const some = (ids: readonly string[], most: number): string[] =>
      Array.from({ length: 1 + random(most) }, () => ids[random(ids.length)] ?? '');

    test(`100 parallel requests over overlapping pairs, on two servers, beside a large one: one enrollment a pair, none fails (seed ${seed})`, async () => {
      const wanted = new Set<string>();
      const requests = Array.from({ length: 100 }, (_, n) => {
        const [courseIds, learnerIds] = [some(courses.slice(0, 20), 8), some(learners.slice(0, 20), 8)];
        for (const course of courseIds) for (const learner of learnerIds) wanted.add(`${learner} ${course}`);
        return enroll(n % 2 === 0 ? world : second, courseIds, learnerIds);
      });
      // 12,000 pairs: written in chunks, and covering all of the others.
      requests.push(enroll(second, courses, learners), enroll(world, courses, learners));
      for (const course of courses) for (const learner of learners) wanted.add(`${learner} ${course}`);
      assert.deepEqual([...new Set(await Promise.all(requests))], [201]);
      assert.equal(await count(sql`select count(*)::int as n from enrollment`), wanted.size);
      assert.equal(await count(sql`select coalesce(sum(created), 0)::int as n from operation`), wanted.size);
      assert.equal(await count(sql`select coalesce(sum(learners), 0)::int as n from outbox`), wanted.size);
      assert.equal(
        await count(
          sql`select count(*)::int as n from operation where total <> created + unchanged + refused or state <> 'done'`,
        ),
        0,
      );
    });

    test('whoever keeps the last page token sees each enrollment once, while eight write and a large request runs', async () => {
      const own = await Promise.all(Array.from({ length: 120 }, () => addCourse(world)));
      const start = await call(world, 'GET', '/enrollments?pageSize=1000');
      let token = start.headers.get('rollbook-resume-token') ?? '';
      for (;;) {
        const page = await call(world, 'GET', `/enrollments?pageSize=1000&pageToken=${token}`);
        token = page.headers.get('rollbook-resume-token') ?? '';
        if ((page.json as { enrollments: unknown[] }).enrollments.length === 0) break;
      }
      let isWriting = true;
      const seen = new Map<string, number>();
      const reader = (async () => {
        for (let last = false; ; last = !isWriting) {
          const page = await call(
            second,
            'GET',
            `/enrollments?pageSize=${1 + random(700)}&pageToken=${token}`,
          );
          assert.equal(page.status, 200, page.text);
          token = page.headers.get('rollbook-resume-token') ?? '';
          const { enrollments, nextPageToken } = page.json as {
            enrollments: { enrollmentId: string }[];
            nextPageToken?: string;
          };
          for (const { enrollmentId } of enrollments)
            seen.set(enrollmentId, (seen.get(enrollmentId) ?? 0) + 1);
          if (last && enrollments.length === 0 && nextPageToken === undefined) return;
        }
      })();
      const small = own.slice(0, 20);
      const writers = Array.from({ length: 8 }, async (_, n) => {
        for (let round = 0; round < 15; round++)
          assert.equal(await enroll(n % 2 === 0 ? world : second, some(small, 3), some(learners, 5)), 201);
      });
      await Promise.all([...writers, enroll(world, own.slice(20), learners)]);
      isWriting = false;
      await reader;
      const written = await count(
        sql`select count(*)::int as n from enrollment where item_id = any(${own}::uuid[])`,
      );
      assert.equal(seen.size, written);
      assert.deepEqual([...new Set(seen.values())], [1]);
    });

    test('retiring a course and deactivating a learner beside enrollments: nothing is enrolled afterwards, and nothing fails but by refusal', async () => {
      for (let round = 0; round < 10; round++) {
        const [course, learner] = [await addCourse(world), await addUser(world)];
        const statuses = await Promise.all([
          ...Array.from({ length: 6 }, (_, n) =>
            enroll(n % 2 === 0 ? world : second, [course], [learner, learners[n] ?? '']),
          ),
          call(world, 'DELETE', `/content/${course}`).then((answer) =>
            answer.status === 204 ? 201 : answer.status,
          ),
          call(second, 'POST', `/user/${learner}/status`, { json: { status: 3 } }).then((answer) =>
            answer.status === 200 ? 201 : answer.status,
          ),
        ]);
        assert.ok(
          statuses.every((status) => status === 201 || status === 400),
          statuses.join(' '),
        );
        const before = await count(sql`select count(*)::int as n from enrollment where item_id = ${course}`);
        assert.equal(await enroll(second, [course], [learners[0] ?? '']), 400);
        assert.equal(
          await count(sql`select count(*)::int as n from enrollment where item_id = ${course}`),
          before,
        );
      }
    });
  });
