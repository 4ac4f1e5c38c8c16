import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { actAs } from '../../src/access/index.ts';
import { type Attendance, type AttendedInFull, recordAttendance } from '../../src/training/index.ts';
import { ENGINES } from '../support/database.ts';
import { addDepartment, addSession, addTraining, addUser, daysOf, everything } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';

/** Attendance as it is recorded, whichever route records it. */
for (const engine of ENGINES)
  describe(`attendance (${engine})`, () => {
    let world: World;
    let manager: string;
    const users = { ann: '', ben: '', eve: '', outsider: '' };
    let training: string;
    let session: string;
    let days: string[];

    before(async () => {
      world = await startWorld(engine);
      const sales = await addDepartment(world, 'Sales');
      manager = await addUser(world, {
        departmentId: sales,
        role: 'department_administrator',
        manages: [sales],
      });
      users.ann = await addUser(world, { departmentId: sales });
      users.ben = await addUser(world, { departmentId: sales });
      users.eve = await addUser(world, { departmentId: sales });
      users.outsider = await addUser(world);
      training = await addTraining(world);
      session = await addSession(world, training, {
        days: [
          { startTime: '2026-05-01', duration: 60 },
          { startTime: '2026-05-02', duration: 60 },
        ],
      });
      days = await daysOf(world, session);
      await seat('participants', [users.ann, users.ben, users.outsider]);
    });
    after(() => world.close());

    const seat = async (what: string, userIds: string[]): Promise<void> => {
      const answer = await call(world, 'POST', `/training/session/${session}/${what}`, { json: { userIds } });
      assert.equal(answer.status, 200, answer.text);
    };
    const record = (
      day: number | string,
      entries: readonly (readonly [userId: string, isAttended: boolean])[],
      actor: string = manager,
    ): Promise<AttendedInFull> => {
      const dayId = typeof day === 'number' ? (days[day] ?? '') : day;
      const attendance: Attendance[] = entries.map(([userId, isAttended]) => ({
        userId,
        isAttended,
        durationSeconds: isAttended ? 60 : null,
      }));
      const who = { accountId: 1, userId: actor, source: 'api' as const, now: world.clock.now };
      return actAs(world.db, who, (ctx) => ctx.write((tx) => recordAttendance(tx, ctx, dayId, attendance)));
    };

    test('who attended every day of their session has attended in full, and is told once it is so', async () => {
      const { ann, ben } = users;
      assert.deepEqual(
        await record(0, [
          [ann, true],
          [ben, true],
        ]),
        { trainingId: training, userIds: [] },
      );
      assert.deepEqual(
        await record(1, [
          [ann, true],
          [ben, false],
        ]),
        { trainingId: training, userIds: [ann] },
      );
      assert.deepEqual(await record(1, [[ben, true]]), { trainingId: training, userIds: [ben] });
      assert.deepEqual(await record(0, [[ben, false]]), { trainingId: training, userIds: [] });
    });

    test('of two entries for one user the last holds', async () => {
      const { ben } = users;
      await record(0, [[ben, true]]);
      assert.deepEqual(
        (
          await record(1, [
            [ben, true],
            [ben, false],
          ])
        ).userIds,
        [],
      );
      assert.deepEqual(
        (
          await record(1, [
            [ben, false],
            [ben, true],
          ])
        ).userIds,
        [ben],
      );
    });

    test('two days recorded at once: somebody is told that both were attended', async () => {
      const { ann } = users;
      for (let round = 0; round < 10; round++) {
        await record(0, [[ann, false]]);
        await record(1, [[ann, false]]);
        const told = await Promise.all([record(0, [[ann, true]]), record(1, [[ann, true]])]);
        assert.deepEqual(
          told.flatMap((outcome) => outcome.userIds),
          [ann],
        );
      }
    });

    test('a seat given up and taken again keeps what was attended', async () => {
      const { ben } = users;
      await record(0, [[ben, true]]);
      await record(1, [[ben, false]]);
      await seat('participants/remove', [ben]);
      await seat('participants', [ben]);
      assert.deepEqual((await record(1, [[ben, true]])).userIds, [ben]);
    });

    test('refused: somebody without a seat, an unknown or foreign user, an unknown day; nothing is recorded', async () => {
      const { ann, eve, outsider } = users;
      const unknown = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
      const { ownerId } = world.account;
      const before = await everything(world.db);
      const refusals = [
        [
          () =>
            record(0, [
              [ann, false],
              [eve, true],
            ]),
          'training.no_seat',
        ],
        [
          () =>
            record(0, [
              [ann, false],
              [outsider, true],
            ]),
          'auth.learner_scope',
        ],
        [
          () =>
            record(0, [
              [ann, false],
              [unknown, true],
            ]),
          'auth.learner_scope',
        ],
        [
          () =>
            record(
              0,
              [
                [ann, false],
                [unknown, true],
              ],
              ownerId,
            ),
          'people.unknown_users',
        ],
        [() => record(unknown, [[ann, false]], ownerId), 'training.unknown_day'],
        [() => record(0, [[ann, false]], ann), 'auth.role'],
      ] as const;
      for (const [attempt, code] of refusals) await assert.rejects(attempt, { code });
      assert.equal(await everything(world.db), before);
    });
  });
