import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { actAs } from '../../src/access/index.ts';
import { askToUnlock } from '../../src/enrollment/index.ts';
import { ENGINES } from '../support/database.ts';
import { record } from '../support/learning.ts';
import {
  addCourse,
  addCustomRole,
  addDepartment,
  addGroup,
  addSession,
  addSmartGroup,
  addTraining,
  addUser,
  daysOf,
} from '../support/people.ts';
import { ROUTES } from '../support/routes.ts';
import { type Answer, call, requestStatements, startWorld, type World } from '../support/server.ts';
import { calendarRows } from './calendar.ts';
import { contentRows } from './content.ts';
import { enrollmentRows } from './enrollment.ts';
import { groupRows, ONE_LOGIN } from './groups.ts';
import { jobRows } from './jobs.ts';
import { mailRows } from './mail.ts';
import { noticeRows } from './notices.ts';
import { openIdRows } from './openid.ts';
import { peopleRows } from './people.ts';
import { planRows } from './plan.ts';
import { portalRows } from './portal.ts';
import { progressRows } from './progress.ts';
import {
  ALLOWED,
  type Fixtures,
  MANAGERS,
  name,
  type Place,
  people,
  plain,
  ROLES,
  type Role,
  type Row,
  type Target,
  UNKNOWN,
  WHOLE,
} from './table.ts';
import { trainingRows } from './training.ts';
import { transferRows } from './transfer.ts';
import { undoRows } from './undo.ts';
import { webhookRows } from './webhooks.ts';

/** Endpoint × role × whose department × whether the id exists, against a table that knows nothing of the code. */

const TABLE: Record<string, Row> = {
  // Before those that re-enroll: a new term has no certificate.
  ...progressRows,
  ...enrollmentRows,
  ...planRows,
  ...transferRows,
  ...undoRows,
  ...contentRows,
  ...groupRows,
  ...trainingRows,
  ...webhookRows,
  ListEvents: plain('administrator', 200, () => ({ path: '/events?limit=1' })),
  ...mailRows,
  ...calendarRows,
  ...jobRows,
  ...noticeRows,
  ...portalRows,
  ...openIdRows,
  GetRoles: plain('people', 200, () => ({ path: '/role' })),
  GetClients: plain('administrator', 200, () => ({ path: '/client' })),
  CreateClient: plain('administrator', 201, () => ({ path: '/client', json: {} })),
  DeleteClient: plain('administrator', 404, () => ({ path: `/client/${UNKNOWN}` })),
  CreateRole: plain('administrator', 201, () => ({
    path: '/role',
    json: { title: name(), permissions: ['user.read'] },
  })),
  ...peopleRows,
};

/** Endpoints with a rule of their own, tested below. */
const APART = [
  'GetAccessToken',
  'GetAccessTokenByOAuth',
  'DeleteUser',
  'GetOperation',
  'GetOutcomes',
  'GetPlannedOutcomes',
  'GetPlannedMessages',
  // For whoever has the address: test/contract/certificates.test.ts
  'DownloadCertificate',
  'VerifyCertificate',
  'GetVerificationStyle',
  // Likewise: test/mail/unsubscribe.test.ts
  'AskToStopReminders',
  'StopReminders',
  // Likewise: test/calendar/secret.test.ts
  'ReadCalendar',
  // Likewise: test/portal/look.test.ts
  'ReadLogo',
];

function expected(row: Row, role: Role, place: Place): number {
  if (role === 'nobody') return 401;
  if (!ALLOWED[row.asks]?.includes(role)) return 403;
  if (WHOLE.includes(role)) return place === 'unknown' ? (row.unknown ?? row.ok) : row.ok;
  return place === 'own' || place === 'sub' ? row.ok : (row.outside ?? row.ok);
}

for (const engine of ENGINES)
  describe(`permission matrix (${engine})`, () => {
    let world: World;
    const targets = new Map<Place, Target>();
    const tokens = new Map<Role, string | null>();
    let fixtures: Fixtures;

    before(async () => {
      world = await startWorld(engine);
      const own = await addDepartment(world, 'Own');
      const departments: Record<string, string> = {
        own,
        sub: await addDepartment(world, 'Sub', own),
        foreign: await addDepartment(world, 'Foreign'),
      };
      const course = await addCourse(world);
      const locked = await addCourse(world);
      for (const [place, departmentId] of Object.entries(departments)) {
        const learnerId = await addUser(world, { departmentId });
        const enrollmentId = await enrolledIn(course, learnerId);
        await record(world, enrollmentId, { status: 'complete' });
        const { certificate } = (await call(world, 'GET', `/enrollment/${enrollmentId}`)).json as {
          certificate: { issuedCertificateId: string };
        };
        targets.set(place as Place, {
          departmentId,
          learnerId,
          enrollmentId,
          certificateId: certificate.issuedCertificateId,
          unlockRequestId: await askedBy(locked, learnerId),
        });
      }
      targets.set('unknown', {
        departmentId: UNKNOWN,
        learnerId: UNKNOWN,
        enrollmentId: UNKNOWN,
        certificateId: UNKNOWN,
        unlockRequestId: UNKNOWN,
      });
      fixtures = await makeFixtures(world, course);
      for (const role of ROLES) tokens.set(role, await tokenOf(role, own));
    });
    after(() => world.close());

    async function tokenOf(role: Role, own: string): Promise<string | null> {
      if (role === 'nobody') return null;
      if (role === 'owner') return world.token;
      if (role === 'custom_full') {
        const all = ['enrollment', 'user', 'department', 'group', 'content', 'training'].flatMap((what) => [
          `${what}.read`,
          `${what}.write`,
        ]);
        return world.tokenOf(
          await addUser(world, {
            roleId: await addCustomRole(world, [...all, 'result.read']),
            manages: [own],
          }),
        );
      }
      if (role === 'custom_other')
        return world.tokenOf(
          await addUser(world, { roleId: await addCustomRole(world, ['group.read']), manages: [own] }),
        );
      return world.tokenOf(
        await addUser(world, { role, ...(role === 'department_administrator' ? { manages: [own] } : {}) }),
      );
    }

    /** A request to unlock what is locked for a learner, as the portal writes it. */
    async function askedBy(course: string, learnerId: string): Promise<string> {
      const enrollmentId = await enrolledIn(course, learnerId, {
        dueDateType: 'due_date',
        dueDate: '2020-02-01',
        accessDate: '2020-01-01',
        lockAfterDueDate: true,
      });
      const who = { accountId: world.account.accountId, userId: learnerId, source: 'portal' } as const;
      await actAs(world.db, { ...who, now: world.clock.now }, (ctx) => askToUnlock(ctx, enrollmentId, ''));
      const list = await call(world, 'GET', '/enrollment/unlock-requests');
      const { unlockRequests } = list.json as {
        unlockRequests: { requestId: string; learnerId: string }[];
      };
      return unlockRequests.find((request) => request.learnerId === learnerId)?.requestId ?? '';
    }

    async function enrolledIn(
      course: string,
      learnerId: string,
      terms: Record<string, unknown> = { dueDateType: 'unlimited' },
    ): Promise<string> {
      const json = { courseIds: [course], learnerIds: [learnerId], ...terms };
      assert.equal((await call(world, 'POST', '/enrollment', { json })).status, 201);
      const [enrollment] = (
        await call(world, 'GET', `/enrollment?learnerIds[]=${learnerId}&courseIds[]=${course}`)
      ).json as { enrollmentId: string }[];
      return enrollment?.enrollmentId ?? '';
    }

    async function ask(operationId: string, row: Row, role: Role, place: Place): Promise<Answer> {
      const route = ROUTES.find((candidate) => candidate.operationId === operationId);
      const target = targets.get(place);
      assert.ok(route && target);
      const { path, json, csv, file } = row.request(target, fixtures);
      const token = tokens.get(role) ?? null;
      const answer = await call(world, route.method, path, {
        token,
        ...(json ? { json } : {}),
        ...(csv ? { csv } : {}),
        ...(file ? { csv: file.text, headers: { 'content-type': file.type } } : {}),
      });
      if (row.endsEnrollment && answer.status === row.ok)
        targets.set(place, {
          ...target,
          enrollmentId: await enrolledIn(fixtures.course, target.learnerId),
        });
      return answer;
    }

    test('the table names every endpoint', () => {
      assert.deepEqual(
        [...Object.keys(TABLE), ...APART].sort(),
        ROUTES.map((route) => route.operationId).sort(),
      );
    });

    for (const [operationId, row] of Object.entries(TABLE))
      test(`${operationId}: each role, each department, known and unknown`, async () => {
        for (const role of ROLES)
          for (const place of row.asks === 'people' && row.outside
            ? (['own', 'sub', 'foreign', 'unknown'] as const)
            : (['own'] as const)) {
            const answer = await ask(operationId, row, role, place);
            assert.equal(
              answer.status,
              expected(row, role, place),
              `${role} ${place}: ${answer.text.slice(0, 200)}`,
            );
            const isHidden =
              MANAGERS.includes(role) &&
              (place === 'foreign' || place === 'unknown') &&
              answer.status === 200;
            if (isHidden)
              assert.doesNotMatch(
                answer.text,
                new RegExp(`${targets.get('foreign')?.learnerId}|${targets.get('foreign')?.departmentId}`),
              );
          }
      });

    test('to limited callers unknown and foreign are the same: status, body and statements', async () => {
      for (const [operationId, row] of Object.entries(TABLE)) {
        if (row.outside === undefined) continue;
        for (const role of MANAGERS as Role[]) {
          await ask(operationId, row, role, 'unknown');
          const seen: string[] = [];
          for (const place of ['foreign', 'unknown'] as const) {
            world.statements.length = 0;
            const answer = await ask(operationId, row, role, place);
            const target = targets.get(place);
            const text = Object.values(target ?? {}).reduce<string>(
              (so, id) => so.replaceAll(id, 'ID'),
              answer.text,
            );
            seen.push(JSON.stringify([answer.status, answer.code, text, requestStatements(world)]));
          }
          assert.equal(seen[0], seen[1], `${operationId} ${role}`);
        }
      }
    });

    test('an operation is seen by its actor and by whoever sees the whole account', async () => {
      const token = tokens.get('department_administrator') ?? '';
      const own = await call(world, 'POST', '/enrollment', {
        token,
        json: {
          courseIds: [fixtures.course],
          learnerIds: [targets.get('own')?.learnerId],
          dueDateType: 'unlimited',
        },
      });
      const location = own.headers.get('location') ?? '';
      const statusFor = async (role: Role, path: string): Promise<number> =>
        (await call(world, 'GET', path, { token: tokens.get(role) ?? null })).status;
      for (const path of [location, `${location}/outcomes`]) {
        for (const role of ['owner', 'administrator', 'department_administrator'] as const)
          assert.equal(await statusFor(role, path), 200, role);
        assert.equal(await statusFor('custom_full', path), 404);
        assert.equal(await statusFor('custom_full', path.replace(location, `/operations/${UNKNOWN}`)), 404);
        assert.equal(await statusFor('owner', path.replace(location, `/operations/${UNKNOWN}`)), 404);
        assert.equal(await statusFor('learner', path), 403);
        assert.equal(await statusFor('nobody', path), 401);
      }
    });

    test('a plan is read and executed by whoever made it, and by nobody else', async () => {
      const json = {
        courseIds: [fixtures.course],
        learnerIds: [targets.get('own')?.learnerId],
        dueDateType: 'unlimited',
      };
      const token = tokens.get('department_administrator') ?? '';
      const made = await call(world, 'POST', '/enrollment/plan', { token, json });
      const { planToken } = made.json as { planToken: string };
      const statusFor = async (role: Role, plan: string): Promise<number[]> => {
        const as = { token: tokens.get(role) ?? null };
        const headers = { 'enrollment-plan': plan };
        return [
          (await call(world, 'GET', `/enrollment/plan/${plan}/outcomes`, as)).status,
          (await call(world, 'POST', '/enrollment', { ...as, json, headers })).status,
        ];
      };
      for (const role of ['owner', 'administrator', 'custom_full'] as const)
        assert.deepEqual(await statusFor(role, planToken), [400, 400], role);
      for (const role of ['publisher', 'custom_other', 'learner'] as const)
        assert.deepEqual(await statusFor(role, planToken), [403, 403], role);
      assert.deepEqual(await statusFor('nobody', planToken), [401, 401]);
      assert.deepEqual(await statusFor('department_administrator', UNKNOWN), [400, 400]);
      assert.deepEqual(await statusFor('department_administrator', planToken), [200, 201]);
    });

    test('a user is deleted by whoever manages them', async () => {
      for (const place of ['own', 'sub', 'foreign', 'unknown'] as const)
        for (const role of ROLES) {
          const departmentId = targets.get(place)?.departmentId ?? '';
          const userId = place === 'unknown' ? UNKNOWN : await addUser(world, { departmentId });
          const answer = await call(world, 'DELETE', `/user/${userId}`, { token: tokens.get(role) ?? null });
          const row = people(204, 404, 403, () => ({ path: '' }));
          assert.equal(answer.status, expected(row, role, place), `${role} ${place}: ${answer.text}`);
        }
    });

    test('nobody acts on, or makes a client for, who outranks them, nor gives what they lack', async () => {
      const administrator = tokens.get('administrator') ?? '';
      const manager = tokens.get('department_administrator') ?? '';
      const departmentId = targets.get('own')?.departmentId ?? '';
      const add = (token: string, role: string) =>
        call(world, 'POST', '/user', { token, json: { departmentId, fields: { login: name() }, role } });
      assert.equal(
        (
          await call(world, 'POST', `/user/${world.account.ownerId}/status`, {
            token: administrator,
            json: { status: 3 },
          })
        ).status,
        403,
      );
      assert.equal(
        (
          await call(world, 'POST', '/client', {
            token: administrator,
            json: { userId: world.account.ownerId },
          })
        ).status,
        403,
      );
      assert.equal(
        (await call(world, 'POST', `/user/${world.account.ownerId}/status`, { json: { status: 3 } })).status,
        409,
        'the last owner stays',
      );
      assert.equal((await add(administrator, 'owner')).status, 403);
      assert.equal((await add(administrator, 'administrator')).status, 201);
      assert.equal((await add(manager, 'administrator')).status, 403);
      assert.equal((await add(manager, 'department_administrator')).status, 403);
      assert.equal((await add(manager, 'publisher')).status, 201);
      assert.equal((await add(tokens.get('custom_full') ?? '', 'publisher')).status, 403);
    });
  });

async function makeFixtures(world: World, course: string): Promise<Fixtures> {
  const [track, material, training] = [
    await addCourse(world, 'LearningTrack'),
    await addCourse(world, 'Page'),
    await addTraining(world),
  ];
  const session = await addSession(world, training);
  const [day = ''] = await daysOf(world, session);
  return {
    course,
    track,
    material,
    training,
    session,
    day,
    operation: '',
    group: await addGroup(world, []),
    smartGroup: await addSmartGroup(world, [[ONE_LOGIN]]),
    changingGroup: await addSmartGroup(world, [[ONE_LOGIN]]),
  };
}
