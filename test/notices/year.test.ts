import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import { ENGINES } from '../support/database.ts';
import { addCourse, addDepartment, addUser } from '../support/people.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import { type Answer, call, startWorld, type World } from '../support/server.ts';
import { DAY_MS, fresh, HOUR_MS, passUntil, tellingIn, told } from './telling.ts';
import { type ModelEnrollment, type ModelReminder, YearModel } from './year-model.ts';

/** A year of enrollments, edits, ends, undos, completions and settings, in a time zone whose clocks change twice. */

const ZONE = 'Europe/Berlin';
const START = Date.parse('2026-01-10T08:00:00Z');
const END = START + 400 * DAY_MS;
const LEARNERS = count(30, 1_000);
const ITEMS = 6;
const HAPPENINGS = count(60, 1_500);

for (const engine of ENGINES)
  describe(`a year of reminders (${engine})`, () => {
    test(`${LEARNERS} learners are told what a model says, seed ${SEED}`, async () => {
      const world = await startWorld(engine, { now: new Date(START) });
      try {
        await new Year(world).run();
      } finally {
        await world.close();
      }
    });
  });

class Year {
  readonly #world: World;
  readonly #random = randomFrom(SEED);
  #current: World;
  #learners: string[] = [];
  #items: string[] = [];
  #model = new YearModel(START, ZONE, () => []);

  constructor(world: World) {
    this.#world = world;
    this.#current = world;
  }

  async run(): Promise<void> {
    await this.#prepare();
    const telling = tellingIn(this.#world, this.#world.db);
    const moments = Array.from(
      { length: HAPPENINGS },
      () => START + HOUR_MS + this.#random(360 * 24 * 3_600) * 1_000 + 137,
    ).sort((a, b) => a - b);
    for (const at of new Set([...moments, END])) {
      this.#model.passUntil(at);
      await passUntil(this.#world, telling, new Date(at));
      if (at === END) break;
      this.#current = await fresh(this.#world);
      await this.#happen(at);
      this.#model.passUntil(at);
      await passUntil(this.#world, telling, new Date(at));
    }
    const [actual, expected] = [(await told(this.#world)).sort(), [...this.#model.told].sort()];
    const kinds = new Set(expected.map((text) => text.split(' ')[0]));
    // Few learners may be told of fewer kinds; a thousand are told of all.
    assert.ok(kinds.size >= count(2, 4), `told of ${[...kinds].join(', ')}`);
    assert.deepEqual(difference(actual, expected), [], 'told, and not to be told');
    assert.deepEqual(difference(expected, actual), [], 'to be told, and not told');
  }

  async #prepare(): Promise<void> {
    const world = this.#world;
    await world.db.writeOnce(sql`update account set time_zone = ${ZONE}`);
    const [chief, deputy] = [await addUser(world), await addUser(world)];
    const supervised = await addDepartment(world, 'supervised');
    const below = await addDepartment(world, 'below', supervised);
    await world.db.writeOnce(sql`
      update department set subordination = 'manual', supervisor_id = ${chief}, co_subordination = 'manual',
        co_supervisor_id = ${deputy} where department_id = ${supervised}`);
    await world.db.writeOnce(sql`
      update department set subordination = 'inherit', co_subordination = 'no_supervisor' where department_id = ${below}`);
    const [near, far, free] = [[], [], []] as [string[], string[], string[]];
    for (let no = 0; no < LEARNERS; no++) {
      const group = no % 3;
      const departmentId = [supervised, below, world.account.rootDepartmentId][group] ?? '';
      const learner = await addUser(world, { departmentId });
      [near, far, free][group]?.push(learner);
      this.#learners.push(learner);
    }
    await world.db.writeOnce(sql`
      update users set subordination = 'inherit', co_subordination = 'inherit' where department_id in (${supervised}, ${below})`);
    for (let no = 0; no < ITEMS; no++) this.#items.push(await addCourse(world, 'Page'));
    const supervisors = new Map<string, readonly string[]>([
      ...near.map((learner) => [learner, [chief, deputy]] as const),
      ...far.map((learner) => [learner, [chief]] as const),
    ]);
    this.#model = new YearModel(START, ZONE, (learner) => supervisors.get(learner) ?? []);
    this.#model.reminders = [
      { kind: 'due_soon', amount: 7, unit: 'days', to: 'learner' },
      { kind: 'due_soon', amount: 1, unit: 'days', to: 'learner' },
      { kind: 'overdue', amount: 0, unit: 'days', to: 'learner' },
      { kind: 'overdue', amount: 3, unit: 'days', to: 'supervisor' },
      { kind: 'overdue', amount: 7, unit: 'days', to: 'supervisor' },
    ];
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random(from.length)] as T;
  }

  /** Access now or in the morning of some day; due in the night, when clocks are changed, or in the morning. */
  #terms(at: number): { accessAt: number; dueAt: number | null } {
    const half = HOUR_MS / 2;
    const rounded = Math.floor(at / half) * half;
    const accessAt = this.#random(3) === 0 ? rounded + this.#random(60 * 48) * half : at;
    const dueAt =
      this.#random(6) === 0 ? null : accessAt - (accessAt % half) + (1 + this.#random(60 * 48)) * half;
    return { accessAt, dueAt };
  }

  async #post(path: string, json: unknown): Promise<Answer> {
    const answer = await call(this.#current, 'POST', path, { json });
    assert.ok(answer.status < 300, `${path} ${answer.status} ${answer.text}`);
    return answer;
  }

  async #happen(at: number): Promise<void> {
    const what = this.#random(100);
    if (what < 40) return this.#enroll(at);
    if (what < 95) {
      const there = this.#model.enrollments.filter(
        (one) => one.isThere && !this.#model.inactive.has(one.learner),
      );
      if (there.length === 0) return this.#enroll(at);
      const one = this.#pick(there);
      if (what < 55) return this.#edit(at, one);
      if (what < 65) return this.#complete(one);
      if (what < 72) return this.#reenroll(at, one);
      if (what < 79) return this.#end(one);
      if (what < 86) return this.#endAndUndo(at, one);
      return this.#toggleActive(one.learner);
    }
    return this.#changeSettings();
  }

  async #enroll(at: number): Promise<void> {
    const { accessAt, dueAt } = this.#terms(at);
    const active = this.#learners.filter((learner) => !this.#model.inactive.has(learner));
    const learnerIds = [
      ...new Set(Array.from({ length: 1 + this.#random(count(8, 40)) }, () => this.#pick(active))),
    ];
    const courseIds = [...new Set([this.#pick(this.#items), this.#pick(this.#items)])];
    await this.#post('/enrollment', { learnerIds, courseIds, ...written(accessAt, dueAt) });
    for (const learner of learnerIds)
      for (const item of courseIds)
        if (!this.#model.find(learner, item))
          this.#model.enrollments.push(enrollmentOf({ learner, item, accessAt, dueAt, since: at }));
  }

  async #idOf({ learner, item }: ModelEnrollment): Promise<string> {
    const path = `/enrollment?learnerIds[]=${learner}&courseIds[]=${item}`;
    const [found] = (await call(this.#current, 'GET', path)).json as { enrollmentId: string }[];
    return found?.enrollmentId ?? '';
  }

  /** Other dates, or only another lock, which changes nothing of what is to be told. */
  async #edit(at: number, one: ModelEnrollment): Promise<void> {
    const terms = this.#random(3) === 0 ? one : this.#terms(at);
    const { accessAt, dueAt } = terms;
    const json = { ...written(accessAt, dueAt), lockAfterDueDate: this.#random(2) === 0 };
    await this.#post(`/enrollment/${await this.#idOf(one)}`, json);
    Object.assign(one, { accessAt, dueAt, since: at });
  }

  /** What is locked or not open yet cannot be completed. */
  async #complete(one: ModelEnrollment): Promise<void> {
    const path = `/enrollment/${await this.#idOf(one)}/progress`;
    const answer = await call(this.#current, 'POST', path, { json: { status: 'complete' } });
    if (answer.status === 200) one.isDone = true;
  }

  async #reenroll(at: number, one: ModelEnrollment): Promise<void> {
    const { accessAt, dueAt } = this.#terms(at);
    await this.#post(`/enrollment/${await this.#idOf(one)}/reenroll`, written(accessAt, dueAt));
    one.isThere = false;
    this.#model.enrollments.push(
      enrollmentOf({ learner: one.learner, item: one.item, accessAt, dueAt, since: at }),
    );
  }

  async #end(one: ModelEnrollment): Promise<void> {
    await this.#post('/enrollment/delete', { enrollmentIds: [await this.#idOf(one)] });
    one.isThere = false;
  }

  async #endAndUndo(at: number, one: ModelEnrollment): Promise<void> {
    const ended = await this.#post('/enrollment/delete', { enrollmentIds: [await this.#idOf(one)] });
    await this.#post(`${ended.headers.get('location')}/undo`, {});
    one.since = at;
  }

  async #toggleActive(learner: string): Promise<void> {
    const { inactive } = this.#model;
    const isBack = inactive.size > LEARNERS / 10;
    const userId = isBack ? this.#pick([...inactive]) : learner;
    await this.#post(`/users/${isBack ? 'activate' : 'deactivate'}`, { userIds: [userId] });
    if (isBack) inactive.delete(userId);
    else inactive.add(userId);
  }

  async #changeSettings(): Promise<void> {
    const reminders = Array.from({ length: 1 + this.#random(5) }, (): ModelReminder => {
      const kind = this.#pick(['due_soon', 'overdue'] as const);
      return {
        kind,
        amount: 1 + this.#random(20),
        unit: this.#pick(['hours', 'days'] as const),
        to: kind === 'due_soon' ? 'learner' : this.#pick(['learner', 'supervisor', 'both'] as const),
      };
    });
    const isEnabled = this.#random(5) > 0;
    await this.#post('/notices/settings', { isEnabled, reminders });
    Object.assign(this.#model, { reminders, isEnabled });
  }
}

const enrollmentOf = (
  about: Pick<ModelEnrollment, 'learner' | 'item' | 'accessAt' | 'dueAt' | 'since'>,
): ModelEnrollment => ({ ...about, isThere: true, isAnnounced: false, isDone: false });

const written = (accessAt: number, dueAt: number | null) => ({
  accessDate: new Date(accessAt).toISOString(),
  ...(dueAt === null
    ? { dueDateType: 'unlimited' }
    : { dueDateType: 'due_date', dueDate: new Date(dueAt).toISOString() }),
});

/** What is in a sorted list and not in another, as often as it is there more often. */
function difference(list: readonly string[], without: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const text of without) left.set(text, (left.get(text) ?? 0) + 1);
  return list.filter((text) => {
    const n = left.get(text) ?? 0;
    left.set(text, n - 1);
    return n <= 0;
  });
}
