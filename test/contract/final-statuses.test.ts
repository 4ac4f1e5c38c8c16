import { addCourseOf, addTrack, enroll, record } from '../support/learning.ts';
import { addDepartment, addUser } from '../support/people.ts';
import type { World } from '../support/server.ts';
import { contract, type Row } from './runner.ts';
import type { Names } from './template.ts';

/** Section 4 of the contract: the final statuses of a content item. */

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
const AT = '2026-03-02T09:30:00+00:00';

async function setup(world: World): Promise<Names> {
  const own = await addDepartment(world, 'Own');
  const { courseId, moduleIds } = await addCourseOf(world, 3);
  const track = await addTrack(world, [courseId]);
  const empty = (await addCourseOf(world, 0)).courseId;
  const [done, begun, idle] = [
    await addUser(world, { departmentId: own }),
    await addUser(world),
    await addUser(world),
  ];
  const direct = await enroll(world, done, courseId);
  await enroll(world, done, track);
  const throughTrack = await enroll(world, begun, track);
  await enroll(world, idle, courseId);
  await record(world, direct, { status: 'passed' });
  await record(world, throughTrack, { progress: 50, moduleId: moduleIds[0] });
  const manager = await addUser(world, { role: 'department_administrator', manages: [own] });
  return { course: courseId, track, empty, done, begun, idle, manager: await world.tokenOf(manager) };
}

const json = {
  done: { userId: '{done}', status: 'Passed', progress: 100, completionDate: AT, lastViewDate: AT },
  idle: { userId: '{idle}', status: 'Not started', progress: 0 },
  begun: { userId: '{begun}', status: 'In progress', progress: 16.67, lastViewDate: AT },
};
const doneXml = `<status><userId>{done}</userId><status>Passed</status><progress>100</progress>
  <completionDate>${AT}</completionDate><lastViewDate>${AT}</lastViewDate></status>`;

const get = (name: string, more: Partial<Row> & Pick<Row, 'expect'>): Row => ({
  name,
  method: 'GET',
  path: '/content/{course}/final_statuses',
  ...more,
});

contract('final statuses', setup, [
  get('each learner once: enrolled directly first, then through learning tracks', {
    expect: {
      status: 200,
      json: [json.done, json.idle, json.begun],
      xml: `<statuses>${doneXml}
        <status><userId>{idle}</userId><status>Not started</status><progress>0</progress></status>
        <status><userId>{begun}</userId><status>In progress</status><progress>16.67</progress>
          <lastViewDate>${AT}</lastViewDate></status></statuses>`,
    },
  }),
  get('a learning track has statuses of its own', {
    path: '/content/{track}/final_statuses',
    expect: {
      status: 200,
      json: [{ ...json.done, status: 'Complete' }, json.begun],
      xml: `<statuses>${doneXml.replace('Passed', 'Complete')}
        <status><userId>{begun}</userId><status>In progress</status><progress>16.67</progress>
          <lastViewDate>${AT}</lastViewDate></status></statuses>`,
    },
  }),
  get('texts in the language of X-Target-Locale', {
    as: 'manager',
    headers: { 'x-target-locale': 'de-DE' },
    expect: {
      status: 200,
      json: [{ ...json.done, status: 'Bestanden' }],
      xml: `<statuses>${doneXml.replace('Passed', 'Bestanden')}</statuses>`,
    },
  }),
  get('a manager sees the learners of managed departments', {
    as: 'manager',
    expect: { status: 200, json: [json.done], xml: `<statuses>${doneXml}</statuses>` },
  }),
  get('an item that nobody has', {
    path: '/content/{empty}/final_statuses',
    expect: { status: 200, json: [], xml: '<statuses/>' },
  }),
  get('an unknown item', {
    path: `/content/${UNKNOWN}/final_statuses`,
    expect: { refused: 'content.unknown', status: 404, message: `Unknown content item ${UNKNOWN}.` },
  }),
]);
