import assert from 'node:assert/strict';
import { addModule, addTrack, enroll } from '../support/learning.ts';
import { addCourse, addTraining, addUser } from '../support/people.ts';
import { call, type World } from '../support/server.ts';
import { contract, type Row } from './runner.ts';
import type { Names } from './template.ts';

/** Section 8 of the contract, attendance; and what it completes. */

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

async function made(world: World, path: string, json: Record<string, unknown>): Promise<string> {
  const answer = await call(world, 'POST', path, { json });
  assert.ok(answer.status === 201 || answer.status === 200, answer.text);
  return answer.json as string;
}

async function setup(world: World): Promise<Names> {
  const training = await addTraining(world);
  const session = await made(world, `/training/${training}/sessions`, {
    title: 'Two days',
    days: ['2026-02-01 10:00:00', '2026-02-02 10:00:00'].map((startTime) => ({ startTime, duration: 3600 })),
  });
  const { dayIds } = (await call(world, 'GET', `/training/session/${session}`)).json as { dayIds: string[] };
  const [direct, inTrack] = [await addCourse(world), await addCourse(world)];
  const [ann, ben, seatless] = [await addUser(world), await addUser(world), await addUser(world)];
  const names = {
    directModule: await addModule(world, direct, training),
    trackModule: await addModule(world, inTrack, training),
    byHand: await enroll(world, ann, direct, { dueDateType: 'unlimited', accessDate: '2026-01-01' }),
    byTrack: await enroll(world, ann, await addTrack(world, [inTrack]), {
      dueDateType: 'unlimited',
      accessDate: '2026-01-01',
    }),
  };
  await enroll(world, ben, direct);
  await made(world, `/training/session/${session}/participants`, { userIds: [ann, ben] });
  const [dayOne = '', dayTwo = ''] = dayIds;
  return { ...names, training, direct, inTrack, ann, ben, seatless, dayOne, dayTwo };
}

/** Both learners' statuses as the modules' results tell. */
const statuses = (status: string, more: Record<string, unknown> = {}, xmlMore = ''): Row['expect'] => {
  const own = (course: string, module: string, enrollment: string) => ({
    userId: '{ann}',
    courseId: course,
    moduleId: module,
    moduleTitle: '{*text}',
    courseItemId: '{training}',
    enrollmentId: enrollment,
    accessDate: '2026-01-01T00:00:00+00:00',
    ...more,
    completionStatus: status,
    progress: status === 'complete' ? 100 : 0,
    isOverdue: false,
    viewsCount: 0,
  });
  const rows = [
    own('{direct}', '{directModule}', '{byHand}'),
    own('{inTrack}', '{trackModule}', '{byTrack}'),
  ];
  return {
    status: 200,
    json: { results: rows },
    xml: `<response><results>${rows
      .map(
        (
          row,
        ) => `<result><userId>{ann}</userId><courseId>${row.courseId}</courseId><moduleId>${row.moduleId}</moduleId>
          <moduleTitle>{*text}</moduleTitle><courseItemId>{training}</courseItemId><enrollmentId>${row.enrollmentId}</enrollmentId>
          <accessDate>2026-01-01T00:00:00+00:00</accessDate>${xmlMore}
          <completionStatus>${status}</completionStatus><progress>${row.progress}</progress><isOverdue>0</isOverdue>
          <viewsCount>0</viewsCount></result>`,
      )
      .join('')}</results></response>`,
  };
};

const update = (
  name: string,
  day: string,
  user: string,
  expect: Row['expect'],
  afterwards: Row['afterwards'] = [],
): Row => ({
  name,
  method: 'POST',
  path: `/training/day/${day}/participants/attendance/update`,
  body: { participantsAttendance: [{ participantId: user, isAttended: true, duration: 3600 }] },
  xmlBody: `<request><participantsAttendance><trainingParticipantAttendance><participantId>${user}</participantId>
    <isAttended>true</isAttended><duration>3600</duration></trainingParticipantAttendance></participantsAttendance></request>`,
  expect,
  afterwards,
});

const results = { method: 'GET', path: '/learners/modules/results?userIds[]={ann}' } as const;
const COMPLETED = '2026-03-02T09:30:00+00:00';

contract('attendance', setup, [
  update('one day of two completes nothing', '{dayOne}', '{ann}', { status: 200 }, [
    { ...results, expect: statuses('not_started') },
  ]),
  update(
    'the second completes the training in every course, taken directly or in a track',
    '{dayTwo}',
    '{ann}',
    { status: 200 },
    [
      {
        ...results,
        expect: statuses(
          'complete',
          { completionDate: COMPLETED },
          `<completionDate>${COMPLETED}</completionDate>`,
        ),
      },
    ],
  ),
  update('a participant without a seat', '{dayOne}', '{seatless}', {
    refused: 'training.no_seat',
    status: 400,
    message: 'participantsAttendance: {seatless} have no seat in the session of this day.',
  }),
  update('an unknown day', UNKNOWN, '{ann}', {
    refused: 'training.unknown_day',
    status: 404,
    message: 'Day not found',
  }),
]);
