import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ENGINES } from '../support/database.ts';
import { addSession, addTraining, addUser } from '../support/people.ts';
import { type Answer, call, startWorld, type World } from '../support/server.ts';

/** Seats of people whose standing changes. */
for (const engine of ENGINES)
  describe(`seats of people who leave (${engine})`, () => {
    let world: World;
    let session: string;
    before(async () => {
      world = await startWorld(engine);
      session = await addSession(world, await addTraining(world), { capacity: 2 });
    });
    after(() => world.close());

    const seat = (...userIds: string[]): Promise<Answer> =>
      call(world, 'POST', `/training/session/${session}/participants`, { json: { userIds } });
    const participants = async (): Promise<unknown> =>
      (await call(world, 'GET', `/training/session/participants/${session}`)).json;

    test('whoever was deleted has no seat, which is free again, and is unknown', async () => {
      const [ann, ben, eve] = [await addUser(world), await addUser(world), await addUser(world)];
      assert.equal((await seat(ann, ben)).status, 200);
      assert.equal((await seat(eve)).code, 'training.session_full');
      assert.equal((await call(world, 'DELETE', `/user/${ann}`)).status, 204);
      assert.deepEqual(await participants(), { participants: [ben] });
      assert.equal((await seat(ann)).code, 'people.unknown_users');
      assert.equal((await seat(eve)).status, 200);
      assert.deepEqual(await participants(), { participants: [ben, eve] });
      for (const user of [ben, eve]) await call(world, 'DELETE', `/user/${user}`);
    });

    test('a scheduled deactivation counts from its hour: no new seat, and the one taken before stays', async () => {
      const [ann, ben] = [await addUser(world), await addUser(world)];
      const { now } = world.clock;
      const date = new Date(now.getTime() + 3_600_000).toISOString();
      for (const user of [ann, ben]) {
        const answer = await call(world, 'POST', `/user/${user}/scheduled_deactivation`, { json: { date } });
        assert.equal(answer.status, 200, answer.text);
      }
      assert.equal((await seat(ann)).status, 200);
      world.clock.now = new Date(now.getTime() + 7_200_000);
      try {
        const token = await world.tokenOf(world.account.ownerId);
        const late = await call(world, 'POST', `/training/session/${session}/participants`, {
          token,
          json: { userIds: [ben] },
        });
        assert.equal(late.code, 'training.inactive_users');
        const list = await call(world, 'GET', `/training/session/participants/${session}`, { token });
        assert.deepEqual(list.json, { participants: [ann] });
      } finally {
        world.clock.now = now;
      }
    });
  });
