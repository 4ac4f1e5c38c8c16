import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { WriteLimits } from '../../src/enrollment/index.ts';
import { enrollmentId } from '../../src/kernel/ids.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addDepartment, addTraining, addUser } from '../support/people.ts';
import { count, type Random, randomFrom, SEED } from '../support/random.ts';
import { type Answer, call, startWorld, type World } from '../support/server.ts';

/**
 * Over random states, a plan says what a model of the test's own says; then things change or not; and executing the plan
 * does just what it said, row for row, or is refused as stale exactly when the model says something else by then.
 */

const STATES = count(18, 1_700);

/** In one transaction each; in chunks; and on the border between the two. */
const SIZES: readonly (Partial<WriteLimits> & { name: string })[] = [
  { name: 'small' },
  { name: 'in chunks of 4 pairs', smallPairs: 0, chunkPairs: 4 },
  { name: 'small up to 6 pairs, in chunks of 1', smallPairs: 6, chunkPairs: 1 },
];

/** In the order in which reasons are given. */
const REASONS = [
  'learner_out_of_scope',
  'course_is_training',
  'course_unknown',
  'learner_unknown',
  'learner_inactive',
  'course_retired',
  'due_date_out_of_range',
];
const FAR = 876_000;
/** Late enough for a hundred years more to be too far. */
const LATE = '9950-01-01';
const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
const SILENT = '3fa85f64-5717-4562-b3fc-2c963f66afa7';

interface Learner {
  isKnown: boolean;
  isActive: boolean;
  isOurs: boolean;
}
interface Item {
  readonly is: 'item' | 'training' | 'unknown';
  isRetired: boolean;
  /** As it was last set. */
  defaults: { defaultDueDateType: string; defaultDuePeriod?: number; defaultLockAfterDueDate: boolean };
}
type As = 'owner' | 'manager';
interface Request {
  readonly as: As;
  readonly isLenient: boolean;
  readonly body: {
    learnerIds: string[];
    courseIds: string[];
    dueDateType: string;
    duePeriod?: number;
    accessDate?: string;
    lockAfterDueDate?: boolean;
  };
}
interface Outcome {
  learnerId: string;
  courseId: string;
  outcome: string;
  reason?: string;
  enrollmentId?: string;
}
interface Dates {
  courseId: string;
  accessDate: string;
  dueDate?: string;
  lockAfterDueDate: boolean;
}
interface Plan {
  planToken: string;
  summary: Record<string, number>;
  courses: Dates[];
  outcomes: Outcome[];
}
interface Row {
  readonly id: string;
  readonly dates: string;
}

const pairOf = ({ learnerId, courseId }: { learnerId: string; courseId: string }): string =>
  `${learnerId} ${courseId}`;
const distinct = (ids: readonly string[]): string[] => [...new Set(ids.map((id) => id.toLowerCase()))];
const textOf = (at: Date | null): string => (at ? `${at.toISOString().slice(0, 19)}+00:00` : '');

/** The people and the content of a server, and what the test knows of them. */
class Pool {
  readonly world: World;
  readonly random: Random;
  readonly learners = new Map<string, Learner>();
  readonly items = new Map<string, Item>();
  tokens: Record<As, string> = { owner: '', manager: '' };
  departments = { ours: '', theirs: '' };

  constructor(world: World, random: Random) {
    this.world = world;
    this.random = random;
  }

  async fill(): Promise<void> {
    const { world } = this;
    this.departments = {
      ours: await addDepartment(world, 'Ours'),
      theirs: await addDepartment(world, 'Theirs'),
    };
    const manager = await addUser(world, {
      departmentId: this.departments.ours,
      role: 'department_administrator',
      manages: [this.departments.ours],
    });
    this.tokens = { owner: world.token, manager: await world.tokenOf(manager) };
    for (let n = 0; n < 7; n++) await this.addLearner(n < 5);
    this.learners.set(UNKNOWN, { isKnown: false, isActive: false, isOurs: false });
    const defaults = { defaultDueDateType: 'unlimited', defaultLockAfterDueDate: false };
    for (const type of ['Course', 'Course', 'Page', 'LearningTrack', 'Course'])
      this.items.set(await addCourse(world, type), { is: 'item', isRetired: false, defaults });
    this.items.set(await addTraining(world), { is: 'training', isRetired: false, defaults });
    this.items.set(SILENT, { is: 'unknown', isRetired: false, defaults });
  }

  async addLearner(isOurs: boolean): Promise<void> {
    const departmentId = isOurs ? this.departments.ours : this.departments.theirs;
    this.learners.set(await addUser(this.world, { departmentId }), { isKnown: true, isActive: true, isOurs });
  }

  pick<T>(from: readonly T[]): T {
    return from[this.random(from.length)] as T;
  }

  some(ids: readonly string[]): string[] {
    return Array.from({ length: 1 + this.random(6) }, () => {
      const id = this.pick(ids);
      return this.random(4) === 0 ? id.toUpperCase() : id;
    });
  }

  request(): Request {
    const { random } = this;
    const isClean = random(2) === 0;
    const learners = [...this.learners].filter(
      ([, own]) => !isClean || (own.isKnown && own.isActive && own.isOurs),
    );
    const items = [...this.items].filter(([, own]) => !isClean || (own.is === 'item' && !own.isRetired));
    const dueDateType = this.pick(['unlimited', 'default', 'default', 'due_period']);
    return {
      as: this.pick(['owner', 'manager']),
      isLenient: random(3) > 0,
      body: {
        learnerIds: this.some((learners.length > 0 ? learners : [...this.learners]).map(([id]) => id)),
        courseIds: this.some((items.length > 0 ? items : [...this.items]).map(([id]) => id)),
        dueDateType,
        ...(dueDateType === 'due_period' ? { duePeriod: 24 } : {}),
        ...(random(2) === 0 ? { accessDate: LATE } : {}),
        ...(random(3) === 0 ? { lockAfterDueDate: random(2) === 0 } : {}),
      },
    };
  }

  /** Pair → why it is refused, or null. */
  #judge({ as, body }: Request): Map<string, string | null> {
    const pairs = new Map<string, string | null>();
    for (const learnerId of distinct(body.learnerIds))
      for (const courseId of distinct(body.courseIds)) {
        const learner = this.learners.get(learnerId) as Learner;
        const item = this.items.get(courseId) as Item;
        const isFar = item.defaults.defaultDuePeriod === FAR && body.dueDateType === 'default';
        const against: Record<string, boolean> = {
          learner_out_of_scope: as === 'manager' && !(learner.isKnown && learner.isOurs),
          learner_unknown: !learner.isKnown,
          learner_inactive: learner.isKnown && !learner.isActive,
          course_is_training: item.is === 'training',
          course_unknown: item.is === 'unknown',
          course_retired: item.is === 'item' && item.isRetired,
          due_date_out_of_range: item.is === 'item' && isFar && body.accessDate !== undefined,
        };
        pairs.set(`${learnerId} ${courseId}`, REASONS.find((reason) => against[reason]) ?? null);
      }
    return pairs;
  }

  /** What the dates in an item depend on: with a default its own period and lock, of which the request may name the lock. */
  #ruleOf({ dueDateType, lockAfterDueDate }: Request['body'], courseId: string): string {
    const { defaults } = this.items.get(courseId) as Item;
    if (dueDateType !== 'default' || defaults.defaultDuePeriod === undefined) return '';
    return `${defaults.defaultDuePeriod} ${lockAfterDueDate ?? defaults.defaultLockAfterDueDate}`;
  }

  /** What becomes of every pair, and by which rule the dates of whatever can be had come about. */
  expected(
    request: Request,
    rows: ReadonlyMap<string, Row>,
  ): { pairs: Map<string, string>; rules: Map<string, string> } {
    const pairs = new Map<string, string>();
    const rules = new Map<string, string>();
    for (const [pair, reason] of this.#judge(request)) {
      const row = rows.get(pair);
      pairs.set(
        pair,
        reason ? `refused ${reason}` : row ? `unchanged already_enrolled ${row.id}` : 'created',
      );
      const courseId = pair.split(' ')[1] ?? '';
      if (!reason) rules.set(courseId, this.#ruleOf(request.body, courseId));
    }
    return { pairs, rules };
  }

  /** Pair → what is enrolled. */
  async enrolled(): Promise<Map<string, Row>> {
    const { rows } = await this.world.db.read((tx) =>
      sql<{
        account_id: number;
        learner_id: string;
        item_id: string;
        chunk: string;
        ordinal: number;
        access_at: Date;
        due_at: Date | null;
        lock_after_due: boolean;
      }>`select * from enrollment`.execute(tx),
    );
    return new Map(
      rows.map((row) => [
        `${row.learner_id} ${row.item_id}`,
        {
          id: enrollmentId({ accountId: row.account_id, chunk: BigInt(row.chunk), ordinal: row.ordinal }),
          dates: `${textOf(row.access_at)} ${textOf(row.due_at)} ${row.lock_after_due}`,
        },
      ]),
    );
  }

  /** Something happens that may matter to a plan, or may not. */
  async change(): Promise<void> {
    const { world, random } = this;
    const post = async (path: string, json: Record<string, unknown>, status = 200): Promise<void> => {
      const answer = await call(world, 'POST', path, { json });
      assert.equal(answer.status, status, `${path}: ${answer.text}`);
    };
    const [learnerId, learner] = this.pick([...this.learners].filter(([, own]) => own.isKnown));
    const [itemId, item] = this.pick([...this.items].filter(([, own]) => own.is === 'item'));
    const ids = [...(await this.enrolled()).values()].map(({ id }) => id);
    const what = random(20);
    if (what < 3) {
      learner.isActive = !learner.isActive;
      await post(`/user/${learnerId}/status`, { status: learner.isActive ? 1 : 3 });
    } else if (what < 5) {
      learner.isOurs = !learner.isOurs;
      await post(`/user/${learnerId}`, {
        departmentId: learner.isOurs ? this.departments.ours : this.departments.theirs,
      });
    } else if (what < 7) {
      item.isRetired = !item.isRetired;
      if (item.isRetired) assert.equal((await call(world, 'DELETE', `/content/${itemId}`)).status, 204);
      else
        await world.db.write((tx) =>
          sql`update content_item set retired_at = null where item_id = ${itemId}`.execute(tx),
        );
    } else if (what < 10 && !item.isRetired) {
      const hours = this.pick([null, 24, 48, FAR]);
      item.defaults = {
        defaultDueDateType: hours ? 'due_period' : 'unlimited',
        ...(hours ? { defaultDuePeriod: hours } : {}),
        defaultLockAfterDueDate: random(2) === 0,
      };
      await post(`/content/${itemId}`, item.defaults);
    } else if (what < 14 && !item.isRetired && learner.isActive)
      await post(
        '/enrollment',
        { learnerIds: [learnerId], courseIds: [itemId], dueDateType: 'unlimited' },
        201,
      );
    else if (what < 16 && ids.length > 0)
      await post('/enrollment/delete', { enrollmentIds: [this.pick(ids)] }, 204);
    else if (what < 17 && ids.length > 0) {
      const answer = await call(world, 'POST', `/enrollment/${this.pick(ids)}/reenroll`, {
        json: { dueDateType: 'unlimited' },
      });
      assert.ok([200, 400].includes(answer.status), answer.text);
    } else if (what < 18 && ids.length > 0)
      await post(`/enrollment/${this.pick(ids)}`, { dueDateType: 'due_period', duePeriod: 1 + random(99) });
    else if (what < 19) {
      assert.equal((await call(world, 'DELETE', `/user/${learnerId}`)).status, 204);
      this.learners.set(learnerId, { isKnown: false, isActive: false, isOurs: false });
      await this.addLearner(learner.isOurs);
    }
  }

  /** Of learners that are gone a few are enough. */
  forget(): void {
    const gone = [...this.learners].filter(([, own]) => !own.isKnown);
    for (const [id] of gone.slice(0, -3)) this.learners.delete(id);
  }
}

const said = ({ outcome, reason, enrollmentId: id }: Outcome): string =>
  [outcome, reason, outcome === 'created' ? undefined : id].filter((part) => part !== undefined).join(' ');

for (const engine of ENGINES)
  for (const [place, { name, ...limits }] of SIZES.entries())
    describe(`plans, ${name} (${engine}, ${STATES} states, seed ${SEED + place})`, () => {
      let world: World;
      let pool: Pool;
      const random = randomFrom(SEED + place);
      before(async () => {
        world = await startWorld(engine, { limits });
        pool = new Pool(world, random);
        await pool.fill();
      });
      after(() => world.close());

      const send = ({ as, isLenient, body }: Request, path: string, plan?: string): Promise<Answer> =>
        call(world, 'POST', path, {
          token: pool.tokens[as],
          json: body,
          headers: {
            prefer: `return=representation, handling=${isLenient ? 'lenient' : 'strict'}`,
            ...(plan ? { 'enrollment-plan': plan } : {}),
          },
        });

      const pages = async (token: string, as: As, query: string): Promise<Outcome[]> => {
        const all: Outcome[] = [];
        for (let next = ''; ; ) {
          const path = `/enrollment/plan/${token}/outcomes?pageToken=${next}&${query}`;
          const page = (await call(world, 'GET', path, { token: pool.tokens[as] })).json as {
            outcomes: Outcome[];
            nextPageToken?: string;
          };
          all.push(...page.outcomes);
          if (!page.nextPageToken) return all;
          next = page.nextPageToken;
        }
      };

      /** The plan, which says what the model says; or null where both refuse. */
      async function planned(request: Request): Promise<Plan | null> {
        const rows = await pool.enrolled();
        const { pairs, rules } = pool.expected(request, rows);
        const answer = await send(request, '/enrollment/plan');
        assert.deepEqual(await pool.enrolled(), rows, 'planning enrolls nobody');
        if (!request.isLenient && [...pairs.values()].some((what) => what.startsWith('refused'))) {
          const direct = await send(request, '/enrollment');
          assert.deepEqual([answer.status, answer.text], [direct.status, direct.text]);
          return null;
        }
        assert.equal(answer.status, 200, answer.text);
        const plan = answer.json as Plan;
        assert.deepEqual(new Map(plan.outcomes.map((one) => [pairOf(one), said(one)])), pairs);
        assert.equal(plan.outcomes.length, pairs.size);
        const kinds = Object.keys(plan.summary);
        assert.deepEqual(
          plan.summary,
          Object.fromEntries(
            kinds.map((kind) => [kind, plan.outcomes.filter((one) => one.outcome === kind).length]),
          ),
        );
        for (const courseId of rules.keys())
          assert.ok(plan.courses.some((course) => course.courseId === courseId));
        const size = `pageSize=${1 + random(5)}`;
        assert.deepEqual(await pages(plan.planToken, request.as, size), plan.outcomes);
        const kind = pool.pick(['created', 'unchanged', 'refused']);
        assert.deepEqual(
          await pages(plan.planToken, request.as, `${size}&outcome=${kind}`),
          plan.outcomes.filter((one) => one.outcome === kind),
        );
        return plan;
      }

      test('a plan is executed as it says, or is stale exactly when something else would be done', async () => {
        const seen = { done: 0, stale: 0, refused: 0 };
        const start = world.clock.now;
        for (let state = 0; state < STATES; state++) {
          world.clock.now = new Date(start.getTime() + random(60) * 1_000);
          pool.forget();
          for (let n = random(3); n > 0; n--) await pool.change();
          const request = pool.request();
          const plan = await planned(request);
          if (plan === null) {
            seen.refused++;
            continue;
          }
          const before = pool.expected(request, await pool.enrolled());
          world.clock.now = new Date(world.clock.now.getTime() + random(600) * 1_000);
          for (let n = random(3); n > 0; n--) await pool.change();
          const rows = await pool.enrolled();
          const now = pool.expected(request, rows);
          const isStale =
            [...before.pairs].some(([pair, what]) => now.pairs.get(pair) !== what) ||
            [...before.rules].some(([id, rule]) => now.rules.has(id) && now.rules.get(id) !== rule);
          const what = `state ${state}: ${JSON.stringify(request)}`;
          const answer = await send(request, '/enrollment', plan.planToken);
          if (isStale) {
            seen.stale++;
            assert.equal(answer.status, 412, `${what}: ${answer.text}`);
            assert.ok((answer.json as { changes: unknown[] }).changes.length > 0);
            assert.deepEqual(await pool.enrolled(), rows, `${what}: nothing is done`);
            continue;
          }
          seen.done++;
          assert.equal(answer.status, 201, `${what}: ${answer.text}`);
          assertDone(
            plan,
            answer.json as { summary: Record<string, number>; outcomes: Outcome[] },
            rows,
            await pool.enrolled(),
          );
          assert.equal((await send(request, '/enrollment', plan.planToken)).code, 'plan.used');
        }
        // Of few states none may come to be stale.
        assert.ok(
          seen.done > 0 && (STATES < 100 || (seen.stale > 0 && seen.refused > 0)),
          JSON.stringify(seen),
        );
      });

      /** What was done is what was planned, in the same order, and the database says so, dates included. */
      function assertDone(
        plan: Plan,
        done: { summary: Record<string, number>; outcomes: Outcome[] },
        was: ReadonlyMap<string, Row>,
        is: ReadonlyMap<string, Row>,
      ): void {
        assert.deepEqual(done.summary, plan.summary);
        assert.deepEqual(
          done.outcomes.map((one) => [pairOf(one), said(one)]),
          plan.outcomes.map((one) => [pairOf(one), said(one)]),
        );
        const dates = new Map(plan.courses.map((course) => [course.courseId, course]));
        const expected = new Map(was);
        for (const one of done.outcomes) {
          if (one.outcome !== 'created') continue;
          const course = dates.get(one.courseId);
          expected.set(pairOf(one), {
            id: one.enrollmentId ?? '',
            dates: `${course?.accessDate} ${course?.dueDate ?? ''} ${course?.lockAfterDueDate}`,
          });
        }
        assert.deepEqual(new Map([...is].sort()), new Map([...expected].sort()));
      }
    });
