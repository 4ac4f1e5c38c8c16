import assert from 'node:assert/strict';
import { addCourse, addUser } from '../support/people.ts';
import { type Answer, type CallOptions, call, type World } from '../support/server.ts';
import { Visitor } from '../support/visitor.ts';

/** The table of paths that create, change or end enrollments through a server. */

/** How many pairs of each kind; what is left out is none. */
export interface Does {
  readonly enrolls?: number;
  readonly changes?: number;
  readonly ends?: number;
}

export interface Path {
  readonly path: string;
  /** The call in the source that leads in: `file method`. */
  readonly door: string;
  readonly does: Does;
  /** Makes what is needed; the path itself is what it returns. */
  readonly prepare: () => Promise<() => Promise<unknown>>;
  /** Whoever is told to have been enrolled is told to be no more. */
  readonly isTakenBack?: true;
}

/** The server and its learners, once there are some. */
export interface School {
  world: World;
  people: string[];
}

/** Pairs of a small request, and of one that is written in chunks. */
const FEW = 3;
export const MANY = 12;
export const LIMITS = { smallPairs: 10, chunkPairs: 5 };

const ENROLL = 'src/enrollment/enroll-routes.ts enroll';
const EDIT = 'src/enrollment/routes.ts edit';
const REENROLL = 'src/enrollment/routes.ts reenroll';
const END = 'src/enrollment/routes.ts end';
const UNDO = 'src/enrollment/undo-routes.ts undo';
const CANCEL = 'src/enrollment/undo-routes.ts cancel';
const IMPORT = 'src/transfer/routes.ts importFile';
const DELETE_USER = 'src/people/standing.ts endOf';

export function pathsIn(school: School): readonly Path[] {
  const few = (): string[] => school.people.slice(0, FEW);
  const post = async (path: string, options: CallOptions = {}, status?: number): Promise<Answer> => {
    const answer = await call(school.world, 'POST', path, options);
    if (status === undefined) assert.ok(answer.status < 300, `${path}: ${answer.status} ${answer.text}`);
    else assert.equal(answer.status, status, answer.text);
    return answer;
  };
  const unlimited = { dueDateType: 'unlimited' };
  const bodyOf = (course: string, learnerIds: readonly string[]) => ({
    courseIds: [course],
    learnerIds,
    ...unlimited,
  });
  const enroll = (
    course: string,
    learnerIds: readonly string[],
    headers: Record<string, string> = {},
    status?: number,
  ) => post('/enrollment', { json: bodyOf(course, learnerIds), headers }, status);
  const operationOf = (answer: Answer): string => answer.headers.get('location') ?? assert.fail(answer.text);
  const undo = (operation: string, status?: number) => post(`${operation}/undo`, {}, status);
  const enrolled = async (learnerIds: readonly string[]) => {
    const course = await addCourse(school.world);
    const operation = operationOf(await enroll(course, learnerIds));
    return { course, operation, ids: await idsIn(course) };
  };
  const idsIn = async (course: string): Promise<string[]> => {
    const { json } = await call(school.world, 'GET', `/enrollment?courseIds[]=${course}`);
    return (json as { enrollmentId: string }[]).map(({ enrollmentId }) => enrollmentId);
  };
  const LATER = { dueDateType: 'due_period', duePeriod: 24 };
  const edit = (id: string, json: object = LATER) => post(`/enrollment/${id}`, { json });
  const end = (enrollmentIds: readonly string[], status?: number) =>
    post('/enrollment/delete', { json: { enrollmentIds } }, status);
  const csvOf = (course: string, learnerIds: readonly string[], due: string) =>
    ['userId,courseId,dueDate', ...learnerIds.map((id) => `${id},${course},${due}`)].join('\n');
  const importing = (csv: string, query = '', status?: number) =>
    post(`/enrollment/import${query}`, { csv }, status);
  /** Asks after a job until what is said holds. */
  const until = async (operation: string, holds: (state: string, done: number) => boolean) => {
    for (const giveUp = Date.now() + 60_000; ; await new Promise((next) => setTimeout(next, 5))) {
      const { state, progress } = (await call(school.world, 'GET', operation)).json as {
        state: string;
        progress: { done: number };
      };
      if (holds(state, progress.done)) return;
      assert.ok(Date.now() < giveUp, state);
    }
  };
  const isOver = (state: string): boolean => state !== 'accepted' && state !== 'running';
  const plan = async (course: string, learnerIds: readonly string[]): Promise<Record<string, string>> => {
    const answer = await post('/enrollment/plan', { json: bodyOf(course, learnerIds) });
    return { 'enrollment-plan': (answer.json as { planToken: string }).planToken };
  };
  const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
  const LENIENT = { prefer: 'handling=lenient' };

  const enrolling: readonly Path[] = [
    {
      path: 'POST /enrollment',
      door: ENROLL,
      does: { enrolls: FEW },
      prepare: async () => {
        const course = await addCourse(school.world);
        return () => enroll(course, few());
      },
    },
    {
      path: 'POST /enrollment, some are enrolled already',
      door: ENROLL,
      does: { enrolls: 4 },
      prepare: async () => {
        const { course } = await enrolled(few());
        return () => enroll(course, school.people.slice(0, FEW + 4));
      },
    },
    {
      path: 'POST /enrollment, all are enrolled already',
      door: ENROLL,
      does: {},
      prepare: async () => {
        const { course } = await enrolled(few());
        return () => enroll(course, few());
      },
    },
    {
      path: 'POST /enrollment, refused',
      door: ENROLL,
      does: {},
      prepare: async () => {
        const course = await addCourse(school.world);
        return () => enroll(course, [...few(), UNKNOWN], {}, 400);
      },
    },
    {
      path: 'POST /enrollment, lenient',
      door: ENROLL,
      does: { enrolls: FEW },
      prepare: async () => {
        const course = await addCourse(school.world);
        return () => enroll(course, [...few(), UNKNOWN], LENIENT);
      },
    },
    {
      path: 'POST /enrollment, sent twice with one key',
      door: ENROLL,
      does: { enrolls: FEW },
      prepare: async () => {
        const course = await addCourse(school.world);
        const key = { 'idempotency-key': course };
        return async () => {
          await enroll(course, few(), key);
          await enroll(course, few(), key);
        };
      },
    },
    {
      path: 'POST /enrollment, large',
      door: ENROLL,
      does: { enrolls: MANY },
      prepare: async () => {
        const course = await addCourse(school.world);
        return () => enroll(course, school.people);
      },
    },
    {
      path: 'POST /enrollment, large, some are enrolled already',
      door: ENROLL,
      does: { enrolls: MANY - FEW },
      prepare: async () => {
        const { course } = await enrolled(few());
        return () => enroll(course, school.people);
      },
    },
    {
      path: 'POST /enrollment, large and lenient',
      door: ENROLL,
      does: { enrolls: MANY },
      prepare: async () => {
        const course = await addCourse(school.world);
        return () => enroll(course, [UNKNOWN, ...school.people], LENIENT);
      },
    },
    {
      path: 'POST /enrollment, large, refused',
      door: ENROLL,
      does: {},
      prepare: async () => {
        const course = await addCourse(school.world);
        return () => enroll(course, [UNKNOWN, ...school.people], {}, 400);
      },
    },
    {
      path: 'POST /enrollment, nobody waits',
      door: ENROLL,
      does: { enrolls: FEW },
      prepare: async () => {
        const course = await addCourse(school.world);
        return async () =>
          until(operationOf(await enroll(course, few(), { prefer: 'respond-async' })), isOver);
      },
    },
    {
      path: 'POST /enrollment/plan alone',
      door: ENROLL,
      does: {},
      prepare: async () => {
        const course = await addCourse(school.world);
        return () => plan(course, school.people);
      },
    },
    {
      path: 'POST /enrollment with a plan',
      door: ENROLL,
      does: { enrolls: FEW },
      prepare: async () => {
        const course = await addCourse(school.world);
        const headers = await plan(course, few());
        return () => enroll(course, few(), headers);
      },
    },
    {
      path: 'POST /enrollment with a large plan',
      door: ENROLL,
      does: { enrolls: MANY },
      prepare: async () => {
        const course = await addCourse(school.world);
        const headers = await plan(course, school.people);
        return () => enroll(course, school.people, headers);
      },
    },
    {
      path: 'POST /enrollment with a plan that holds no more',
      door: ENROLL,
      does: {},
      prepare: async () => {
        const course = await addCourse(school.world);
        const headers = await plan(course, few());
        await enroll(course, few());
        return () => enroll(course, few(), headers, 412);
      },
    },
  ];

  const CATALOGUE = 'src/learning/catalogue.ts enrollSelf';
  const visiting = async (): Promise<Visitor> => {
    const login = `seeker-${Date.now()}-${Math.random()}`;
    await addUser(school.world, { login, password: 'correct horse battery' });
    const visitor = new Visitor(school.world);
    await visitor.signIn(login, 'correct horse battery');
    return visitor;
  };
  const portal: readonly Path[] = [
    ...[true, false].map((selfEnrollment) => ({
      path: `the catalogue of the portal, where it is ${selfEnrollment ? '' : 'not '}offered, twice`,
      door: CATALOGUE,
      does: selfEnrollment ? { enrolls: 1 } : {},
      prepare: async () => {
        const course = await addCourse(school.world, 'Course', { selfEnrollment });
        const visitor = await visiting();
        const page = await visitor.get('/my/catalogue');
        const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
        return async () => {
          for (let twice = 0; twice < 2; twice++) {
            const { status } = await visitor.post(`/my/catalogue/${course}`, { csrf });
            assert.equal(status, selfEnrollment ? 303 : 409);
          }
        };
      },
    })),
  ];

  const changing: readonly Path[] = [
    {
      path: 'POST /enrollment/{id}',
      door: EDIT,
      does: { changes: 1 },
      prepare: async () => {
        const { ids } = await enrolled(few());
        return () => edit(ids[0] ?? '');
      },
    },
    {
      path: 'POST /enrollment/{id}, the same terms',
      door: EDIT,
      does: {},
      prepare: async () => {
        const { ids } = await enrolled(few());
        await edit(ids[0] ?? '');
        return () => edit(ids[0] ?? '');
      },
    },
    {
      path: 'POST /enrollment/{id}, refused',
      door: EDIT,
      does: {},
      prepare: async () => {
        const { ids } = await enrolled(few());
        return () => post(`/enrollment/${ids[0]}`, { json: { dueDateType: 'due_date' } }, 400);
      },
    },
    {
      path: 'POST /enrollment/{id}/reenroll',
      door: REENROLL,
      does: { enrolls: 1 },
      prepare: async () => {
        const { ids } = await enrolled(few());
        return () => post(`/enrollment/${ids[0]}/reenroll`, { json: unlimited });
      },
    },
    {
      path: 'POST /enrollment/import',
      door: IMPORT,
      does: { enrolls: FEW },
      prepare: async () => {
        const course = await addCourse(school.world);
        return () => importing(csvOf(course, few(), '2030-01-01'));
      },
    },
    {
      path: 'POST /enrollment/import in chunks; rows are new, other, the same, and refused',
      door: IMPORT,
      does: { enrolls: MANY - 6, changes: 4 },
      prepare: async () => {
        const course = await addCourse(school.world);
        await importing(csvOf(course, school.people.slice(0, 4), '2030-01-01'));
        await importing(csvOf(course, school.people.slice(4, 6), '2031-01-01'));
        return () => importing(csvOf(course, [...school.people, UNKNOWN], '2031-01-01'), '?existing=change');
      },
    },
    {
      path: 'POST /enrollment/import, who is enrolled stays so',
      door: IMPORT,
      does: {},
      prepare: async () => {
        const { course } = await enrolled(few());
        return () => importing(csvOf(course, few(), '2030-01-01'));
      },
    },
    ...['?dryRun=true', '?allOrNothing=true'].map((query) => ({
      path: `POST /enrollment/import${query}`,
      door: IMPORT,
      does: {},
      prepare: async () => {
        const course = await addCourse(school.world);
        const [learners, status] = query.includes('dry') ? [few()] : [[...few(), UNKNOWN], 422];
        return () => importing(csvOf(course, learners, '2030-01-01'), query, status);
      },
    })),
  ];

  const ending: readonly Path[] = [
    {
      path: 'POST /enrollment/delete',
      door: END,
      does: { ends: FEW },
      prepare: async () => {
        const { ids } = await enrolled(few());
        return () => end(ids);
      },
    },
    {
      path: 'POST /enrollment/delete, large',
      door: END,
      does: { ends: MANY },
      prepare: async () => {
        const { ids } = await enrolled(school.people);
        return () => end(ids);
      },
    },
    {
      path: 'POST /enrollment/delete, refused',
      door: END,
      does: {},
      prepare: async () => {
        const { ids } = await enrolled(few());
        return () => end([...ids, UNKNOWN], 400);
      },
    },
    {
      path: 'DELETE /user/{id}',
      door: DELETE_USER,
      does: { ends: 2 },
      prepare: async () => {
        const leaver = await addUser(school.world);
        for (let n = 0; n < 2; n++) await enrolled([leaver, ...few()]);
        return async () => assert.equal((await call(school.world, 'DELETE', `/user/${leaver}`)).status, 204);
      },
    },
    {
      path: 'POST /user/{id}/status: whoever is terminated stays enrolled',
      door: DELETE_USER,
      does: {},
      prepare: async () => {
        const leaver = await addUser(school.world);
        await enrolled([leaver]);
        return () => post(`/user/${leaver}/status`, { json: { status: 5 } });
      },
    },
  ];

  const undoing: readonly Path[] = [
    ...[FEW, MANY].map((number) => ({
      path: `undo of enrolling ${number}`,
      door: UNDO,
      does: { ends: number },
      prepare: async () => {
        const { operation } = await enrolled(school.people.slice(0, number));
        return () => undo(operation);
      },
    })),
    ...[FEW, MANY].map((number) => ({
      path: `undo of the undo of enrolling ${number}`,
      door: UNDO,
      does: { enrolls: number },
      prepare: async () => {
        const { operation } = await enrolled(school.people.slice(0, number));
        const undone = operationOf(await undo(operation));
        return () => undo(undone);
      },
    })),
    ...[FEW, MANY].map((number) => ({
      path: `undo of ending ${number}`,
      door: UNDO,
      does: { enrolls: number },
      prepare: async () => {
        const { ids } = await enrolled(school.people.slice(0, number));
        const ended = operationOf(await end(ids));
        return () => undo(ended);
      },
    })),
    {
      path: 'undo of the undo of ending',
      door: UNDO,
      does: { ends: FEW },
      prepare: async () => {
        const { ids } = await enrolled(few());
        const undone = operationOf(await undo(operationOf(await end(ids))));
        return () => undo(undone);
      },
    },
    {
      path: 'undo of an edit',
      door: UNDO,
      does: { changes: 1 },
      prepare: async () => {
        const { ids } = await enrolled(few());
        const edited = operationOf(await edit(ids[0] ?? ''));
        return () => undo(edited);
      },
    },
    {
      path: 'undo of enrolling again: the first is back',
      door: UNDO,
      does: { enrolls: 1 },
      prepare: async () => {
        const { ids } = await enrolled(few());
        const again = operationOf(await post(`/enrollment/${ids[0]}/reenroll`, { json: unlimited }));
        return () => undo(again);
      },
    },
    {
      path: 'undo of an import that enrolled some and changed others',
      door: UNDO,
      does: { ends: MANY - FEW, changes: FEW },
      prepare: async () => {
        const { course } = await enrolled(few());
        const answer = await importing(csvOf(course, school.people, '2031-01-01'), '?existing=change');
        return () => undo(operationOf(answer));
      },
    },
    {
      path: 'undo of enrolling, some were edited since: they stay',
      door: UNDO,
      does: { ends: FEW - 1 },
      prepare: async () => {
        const { operation, ids } = await enrolled(few());
        await edit(ids[0] ?? '');
        return () => undo(operation);
      },
    },
    {
      path: 'undo, only looked ahead',
      door: UNDO,
      does: {},
      prepare: async () => {
        const { operation } = await enrolled(school.people);
        return () => post(`${operation}/undo?preview=true`);
      },
    },
    {
      path: 'undo of what is undone already',
      door: UNDO,
      does: {},
      prepare: async () => {
        const { operation } = await enrolled(few());
        await undo(operation);
        return () => undo(operation, 409);
      },
    },
  ];

  const cancelling: readonly Path[] = [
    {
      path: 'POST /operations/{id}/cancel',
      door: CANCEL,
      does: {},
      isTakenBack: true,
      prepare: async () => {
        const courseIds: string[] = [];
        for (let n = 0; n < 30; n++) courseIds.push(await addCourse(school.world));
        return async () => {
          const json = { courseIds, learnerIds: school.people, ...unlimited };
          const answer = await post('/enrollment', { json, headers: { prefer: 'respond-async' } }, 202);
          await until(operationOf(answer), (_state, pairs) => pairs > 0);
          await post(`${operationOf(answer)}/cancel`);
        };
      },
    },
  ];

  return [...enrolling, ...portal, ...changing, ...ending, ...undoing, ...cancelling];
}
