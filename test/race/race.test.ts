import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import { call, type World } from '../support/server.ts';
import {
  drawnLimits,
  enroll,
  type Server,
  startTwoServers,
  type TwoServers,
} from '../support/two-servers.ts';

/** Each time batches and chunks have other sizes. */
const DRAWS = ENGINES.includes('postgresql') ? count(1, 6) : 0;
/** Requests of each of the eight writers. */
const WRITES = count(15, 80);

/** Races, on the engine that has them. Two servers share the database. */
for (let draw = 0; draw < DRAWS; draw++)
  describe(`races on PostgreSQL (seed ${SEED}, sizes drawn ${draw + 1} of ${DRAWS})`, () => {
    const random = randomFrom(SEED + draw);
    let servers: TwoServers;
    let world: World;
    let second: Server;
    let learners: string[];
    let courses: string[];

    before(async () => {
      servers = await startTwoServers(drawnLimits(random));
      world = servers.world;
      second = servers.of(1);
      learners = await Promise.all(Array.from({ length: 120 }, () => addUser(world)));
      courses = await Promise.all(Array.from({ length: 100 }, () => addCourse(world)));
    });
    after(() => servers.close());

    const statusOf = async (...request: Parameters<typeof enroll>): Promise<number> =>
      (await enroll(...request)).status;
    const rows = async (query: ReturnType<typeof sql<{ n: number }>>): Promise<number> =>
      (await world.db.read((tx) => query.execute(tx))).rows[0]?.n ?? -1;
    const some = (ids: readonly string[], most: number): string[] =>
      Array.from({ length: 1 + random(most) }, () => ids[random(ids.length)] ?? '');

    test('100 parallel requests over overlapping pairs, on two servers, beside a large one: one enrollment a pair, none fails', async () => {
      const wanted = new Set<string>();
      const requests = Array.from({ length: 100 }, (_, n) => {
        const [courseIds, learnerIds] = [some(courses.slice(0, 20), 8), some(learners.slice(0, 20), 8)];
        for (const course of courseIds) for (const learner of learnerIds) wanted.add(`${learner} ${course}`);
        return statusOf(n % 2 === 0 ? world : second, courseIds, learnerIds);
      });
      // 12,000 pairs: written in chunks, and covering all of the others.
      requests.push(statusOf(second, courses, learners), statusOf(world, courses, learners));
      for (const course of courses) for (const learner of learners) wanted.add(`${learner} ${course}`);
      assert.deepEqual([...new Set(await Promise.all(requests))], [201]);
      assert.equal(await rows(sql`select count(*)::int as n from enrollment`), wanted.size);
      assert.equal(await rows(sql`select coalesce(sum(created), 0)::int as n from operation`), wanted.size);
      assert.equal(await rows(sql`select coalesce(sum(learners), 0)::int as n from outbox`), wanted.size);
      assert.equal(
        await rows(
          sql`select count(*)::int as n from operation where total <> created + unchanged + refused or state <> 'done'`,
        ),
        0,
      );
    });

    interface PageRead {
      readonly ids: readonly string[];
      readonly nextPageToken: string | undefined;
      readonly resumeToken: string;
    }

    async function readPage(token: string, pageSize: number): Promise<PageRead> {
      const page = await call(second, 'GET', `/enrollments?pageSize=${pageSize}&pageToken=${token}`);
      assert.equal(page.status, 200, page.text);
      const { enrollments, nextPageToken } = page.json as {
        enrollments: { enrollmentId: string }[];
        nextPageToken?: string;
      };
      return {
        ids: enrollments.map(({ enrollmentId }) => enrollmentId),
        nextPageToken,
        resumeToken: page.headers.get('rollbook-resume-token') ?? '',
      };
    }

    /** A token after everything that is there. */
    async function endOfList(): Promise<string> {
      for (let token = ''; ; ) {
        const page = await readPage(token, 1_000);
        token = page.resumeToken;
        if (page.ids.length === 0) return token;
      }
    }

    test('whoever keeps the last page token sees each enrollment once, while eight write and a large request runs', async () => {
      const own = await Promise.all(Array.from({ length: 120 }, () => addCourse(world)));
      let token = await endOfList();
      const oldToken = token;
      let isWriting = true;
      const seen = new Map<string, number>();
      const reader = (async () => {
        for (let last = false; ; last = !isWriting) {
          const page = await readPage(token, 1 + random(700));
          token = page.resumeToken;
          for (const id of page.ids) seen.set(id, (seen.get(id) ?? 0) + 1);
          if (last && page.ids.length === 0 && page.nextPageToken === undefined) return;
        }
      })();
      // Another knows of no resume token: it comes back with the last nextPageToken it was given, whose page it has seen.
      const union = new Set<string>();
      const returning = (async () => {
        let kept = oldToken;
        for (let last = false; ; last = !isWriting) {
          const visit: string[] = [];
          for (let next: string | undefined = kept; next !== undefined; ) {
            kept = next;
            const page = await readPage(kept, 1 + random(700));
            visit.push(...page.ids);
            next = page.nextPageToken;
          }
          assert.equal(new Set(visit).size, visit.length, 'twice in one visit');
          for (const id of visit) union.add(id);
          if (last) return;
        }
      })();
      const small = own.slice(0, 20);
      const writers = Array.from({ length: 8 }, async (_, n) => {
        for (let round = 0; round < WRITES; round++)
          assert.equal(await statusOf(n % 2 === 0 ? world : second, some(small, 3), some(learners, 5)), 201);
      });
      await Promise.all([...writers, statusOf(world, own.slice(20), learners)]);
      isWriting = false;
      await Promise.all([reader, returning]);
      const written = await rows(
        sql`select count(*)::int as n from enrollment where item_id = any(${own}::uuid[])`,
      );
      assert.equal(seen.size, written);
      assert.deepEqual([...new Set(seen.values())], [1]);
      assert.equal(union.size, written);
    });
  });
