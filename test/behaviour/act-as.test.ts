import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { actAs, type Context, changeRights } from '../../src/access/index.ts';
import { findUser } from '../../src/people/users.ts';
import { ENGINES } from '../support/database.ts';
import { startWorld, type World } from '../support/server.ts';

/** Use cases outside HTTP, while rights change under them. */
for (const engine of ENGINES)
  describe(`acting as a user (${engine})`, () => {
    let world: World;
    before(async () => {
      world = await startWorld(engine);
    });
    after(() => world.close());

    const actAsOwner = <T>(work: (ctx: Context) => Promise<T>): Promise<T> => {
      const { accountId, ownerId: userId } = world.account;
      return actAs(world.db, { accountId, userId, source: 'cli', now: new Date() }, work);
    };
    const disturb = () => world.db.write((tx) => changeRights(tx, world.account.accountId));

    test('rights that change a dozen times hold it up, and do not end it', async () => {
      let attempts = 0;
      const found = await actAsOwner(async (ctx) => {
        if (++attempts <= 12) await disturb();
        return findUser(ctx, world.account.ownerId);
      });
      assert.equal(found.userId, world.account.ownerId);
      assert.equal(attempts, 13);
    });

    test('rights that never cease to change end it as busy', async () => {
      await assert.rejects(
        actAsOwner(async (ctx) => {
          await disturb();
          return findUser(ctx, world.account.ownerId);
        }),
        { code: 'server.busy' },
      );
    });
  });
