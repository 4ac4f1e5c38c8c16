import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ENGINES } from '../support/database.ts';
import { addSession, addTraining, addUser, daysOf } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';
import { passUntil, type Telling, tellingIn, told } from './telling.ts';

/** What participants of training sessions are told. */

for (const engine of ENGINES)
  describe(`sessions are told (${engine})`, () => {
    let world: World;
    let telling: Telling;
    before(async () => {
      world = await startWorld(engine, { now: new Date('2026-03-02T09:30:00Z') });
      telling = tellingIn(world, world.db);
    });
    after(() => world.close());

    const pass = (minutes: number) =>
      passUntil(world, telling, new Date(world.clock.now.getTime() + minutes * 60_000));
    const post = async (path: string, json: Record<string, unknown>): Promise<void> => {
      const answer = await call(world, 'POST', path, { json });
      assert.ok(answer.status < 300, `${path} ${answer.status} ${answer.text}`);
    };

    test('who gets a seat; who has one when a day is changed', async () => {
      const training = await addTraining(world);
      const session = await addSession(world, training);
      const [ann, ben, late] = [await addUser(world), await addUser(world), await addUser(world)];
      await post(`/training/session/${session}/participants`, { userIds: [ann, ben] });
      await pass(2);
      assert.deepEqual(
        (await told(world)).sort(),
        [ann, ben].map((user) => `session_chosen ${user} ${session}`).sort(),
      );
      await post(`/training/session/${session}/participants/remove`, { userIds: [ben] });
      await pass(2);
      const [day = ''] = await daysOf(world, session);
      await post(`/training/day/${day}`, { url: 'https://meet.example/1' });
      await post(`/training/session/${session}/participants`, { userIds: [late] });
      await pass(2);
      assert.deepEqual(
        (await told(world)).slice(2).sort(),
        [`session_changed ${ann} ${session}`, `session_chosen ${late} ${session}`].sort(),
      );
    });
  });
