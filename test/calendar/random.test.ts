import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { ENGINES } from '../support/database.ts';
import { addCourse, addSession, addTraining, addUser, daysOf } from '../support/people.ts';
import { count, type Random, randomFrom, SEED } from '../support/random.ts';
import { call, startWorld, type World } from '../support/server.ts';
import type { ReadEvent } from './parsers.ts';
import { readEvents, subscribe } from './subscribed.ts';

/**
 * Anything that can happen to a learner, at random, through the API; now and then two calendar programs read: one that
 * replaces what it has, and one that only merges, and forgets what is cancelled. Both have what the lists say there is.
 */

const STEPS = count(60, 2_000);
const STATUSES = ['in_progress', 'pending', 'failed', 'complete'];

const contentOf = ({ sequence, changedAt, ...content }: ReadEvent): string => JSON.stringify(content);

/** A program that merges. */
class Merging {
  readonly events = new Map<string, ReadEvent>();

  take(read: ReadonlyMap<string, ReadEvent>): void {
    for (const [id, event] of read) {
      const last = this.events.get(id);
      if (last && contentOf(last) !== contentOf(event))
        assert.equal(event.sequence > last.sequence, true, `${id} is other than it was, and not higher`);
      if (last && contentOf(last) === contentOf(event)) assert.equal(event.sequence, last.sequence, id);
      if (!last || event.sequence > last.sequence) this.events.set(id, event);
    }
  }

  get shown(): string[] {
    return [...this.events].flatMap(([id, { isCancelled }]) => (isCancelled ? [] : [id])).sort();
  }
}

class Life {
  readonly #world: World;
  readonly #random: Random;
  readonly #learner: string;
  readonly #courses: string[];
  readonly #sessions: string[];
  /** The operations that can be undone. */
  readonly #operations: string[] = [];

  constructor(world: World, random: Random, who: { learner: string; courses: string[]; sessions: string[] }) {
    this.#world = world;
    this.#random = random;
    this.#learner = who.learner;
    this.#courses = who.courses;
    this.#sessions = who.sessions;
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[this.#random(from.length)];
  }

  #terms(): Record<string, unknown> {
    const day = String(1 + this.#random(3)).padStart(2, '0');
    return this.#random(4) === 0
      ? { dueDateType: 'unlimited' }
      : { dueDateType: 'due_date', dueDate: `2027-06-${day}`, lockAfterDueDate: this.#random(2) === 0 };
  }

  async enrollments(): Promise<{ enrollmentId: string; dueDate?: string; courseId: string }[]> {
    const list = await call(this.#world, 'GET', `/enrollment?learnerIds[]=${this.#learner}`);
    return list.json as { enrollmentId: string; courseId: string }[];
  }

  async #post(path: string, json: Record<string, unknown>): Promise<void> {
    const answer = await call(this.#world, 'POST', path, { json });
    assert.ok(answer.status < 300 || answer.status === 400 || answer.status === 409, answer.text);
    const location = answer.headers.get('location');
    if (location && answer.status < 300) this.#operations.push(location);
  }

  /** Something happens; what cannot is refused. */
  async step(): Promise<void> {
    const one = this.#pick(await this.enrollments());
    const session = this.#pick(this.#sessions) ?? '';
    const userIds = [this.#learner];
    switch (this.#random(one ? 9 : 3)) {
      case 0:
        return this.#post('/enrollment', {
          courseIds: [this.#pick(this.#courses)],
          learnerIds: userIds,
          ...this.#terms(),
        });
      case 1:
        return this.#post(`/training/session/${session}/participants`, { userIds });
      case 2:
        return this.#post(`/training/session/${session}/participants/remove`, { userIds });
      case 3:
        return this.#post('/enrollment/delete', { enrollmentIds: [one?.enrollmentId] });
      case 4:
        return this.#post(`/enrollment/${one?.enrollmentId}/reenroll`, this.#terms());
      case 5:
        return this.#post(`/enrollment/${one?.enrollmentId}/progress`, { status: this.#pick(STATUSES) });
      case 6:
        return this.#post(`/content/${one?.courseId}`, { title: `Title ${this.#random(3)}` });
      case 7: {
        const operation = this.#pick(this.#operations);
        return operation ? this.#post(`${operation}/undo`, {}) : undefined;
      }
      default:
        return this.#post(`/enrollment/${one?.enrollmentId}`, this.#terms());
    }
  }

  /** What there is to be shown, by the lists of the API. */
  async expected(): Promise<string[]> {
    const results = (await call(this.#world, 'GET', `/learners/results?userIds[]=${this.#learner}`)).json as {
      results: { enrollmentId: string; dueDate?: string; completionStatus: string }[];
    };
    const due = results.results
      .filter(({ dueDate, completionStatus }) => dueDate !== undefined && completionStatus !== 'complete')
      .map(({ enrollmentId }) => enrollmentId);
    const days: string[] = [];
    for (const session of this.#sessions) {
      const list = await call(this.#world, 'GET', `/training/session/participants/${session}`);
      if ((list.json as { participants: string[] }).participants.includes(this.#learner))
        days.push(...(await daysOf(this.#world, session)));
    }
    return [...due, ...days].sort();
  }
}

for (const engine of ENGINES)
  describe(`calendars of a life at random (${engine}, ${STEPS} steps, ROLLBOOK_SEED=${SEED})`, () => {
    let world: World;
    before(async () => {
      world = await startWorld(engine, { now: new Date('2026-11-26T09:00:00Z') });
    });
    after(() => world.close());

    test('whatever happens, programs that replace and programs that merge have what there is', async () => {
      const random = randomFrom(SEED);
      const training = await addTraining(world);
      const other = await addTraining(world);
      const days = [
        { startTime: '2027-01-01 10:00:00', duration: 3600 },
        { startTime: '2027-01-02 10:00:00', duration: 3600 },
      ];
      const learner = await addUser(world);
      const life = new Life(world, random, {
        learner,
        courses: [await addCourse(world), await addCourse(world, 'Page'), await addCourse(world)],
        sessions: [
          await addSession(world, training, { days }),
          await addSession(world, training),
          await addSession(world, other),
        ],
      });
      const path = await subscribe(world, learner);
      const merging = new Merging();
      let reads = 0;
      for (let step = 0; step < STEPS; step++) {
        await life.step();
        if (random(2) === 0) continue;
        reads++;
        const read = await readEvents(world, path);
        const there = await life.expected();
        const shown = [...read].flatMap(([id, { isCancelled }]) => (isCancelled ? [] : [id])).sort();
        assert.deepEqual(shown, there, `step ${step}`);
        merging.take(read);
        assert.deepEqual(merging.shown, there, `step ${step}, merged`);
      }
      assert.ok(reads > STEPS / 4);
      const { rows } = await world.db.read((tx) =>
        sql<{ changes: number; cancelled: number }>`
          select sum(sequence)::int as changes, count(cancelled_at)::int as cancelled from calendar_event
          where user_id = ${learner}`.execute(tx),
      );
      assert.ok((rows[0]?.changes ?? 0) > STEPS / 20, 'something was told to have changed');
      assert.ok((rows[0]?.cancelled ?? 0) > 0, 'and to be cancelled');
    });
  });
