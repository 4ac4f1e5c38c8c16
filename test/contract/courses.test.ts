import { addCourse, addModule, addTraining, addUser } from '../support/people.ts';
import { call, type World } from '../support/server.ts';
import { contract, type Row } from './runner.ts';
import type { Names } from './template.ts';

/** Section 4 of the contract: what courses and learning tracks are made of. */

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

async function setup(world: World): Promise<Names> {
  const [course, other] = [await addCourse(world), await addCourse(world)];
  const page = await addCourse(world, 'Page', { title: 'Page 1', description: 'Read me' });
  const typed = await addTraining(world, { title: 'Practice', type: 'Webinar & more' });
  const plain = await addTraining(world, { title: 'Meeting' });
  const gone = await addCourse(world, 'Page');
  const goneCourse = await addCourse(world);
  const [track, empty] = [await addCourse(world, 'LearningTrack'), await addCourse(world, 'LearningTrack')];
  const names = {
    ...{ course, other, page, typed, plain, gone, goneCourse, track, empty },
    second: await addModule(world, course, typed, { sequentialNumber: 2 }),
    third: await addModule(world, course, plain),
    first: await addModule(world, course, page, { title: 'Read <this>', sequentialNumber: 1 }),
    alone: await addModule(world, other, page),
    learner: await world.tokenOf(await addUser(world)),
  };
  for (const id of [gone, goneCourse]) await call(world, 'DELETE', `/content/${id}`);
  await call(world, 'POST', `/learning_track/${track}/courses`, { json: { courseIds: [other, course] } });
  return names;
}

interface Shown {
  readonly json: Record<string, unknown>;
  readonly xml: string;
}

/** A module as /course/{id}/modules shows it. */
const first: Shown = {
  json: {
    moduleId: '{first}',
    itemId: '{page}',
    courseId: '{course}',
    title: 'Read <this>',
    description: 'Read me',
    authorId: '{owner}',
    viewUrl: 'https://academy.example/content/{page}',
    addedDate: '2026-03-02T09:30:00+00:00',
    type: 'material',
    sequentialNumber: 1,
  },
  xml: `<module>
    <moduleId>{first}</moduleId>
    <itemId>{page}</itemId>
    <courseId>{course}</courseId>
    <title>Read &lt;this&gt;</title>
    <description>Read me</description>
    <authorId>{owner}</authorId>
    <viewUrl>https://academy.example/content/{page}</viewUrl>
    <addedDate>2026-03-02T09:30:00+00:00</addedDate>
    <type>material</type>
    <sequentialNumber>1</sequentialNumber>
  </module>`,
};
const second: Shown = {
  json: {
    moduleId: '{second}',
    itemId: '{typed}',
    courseId: '{course}',
    title: 'Practice',
    description: '',
    addedDate: '2026-03-02T09:30:00+00:00',
    type: 'training',
    trainingType: { trainingTypeId: '{*uuid}', trainingTypeTitle: 'Webinar & more' },
    sequentialNumber: 2,
  },
  xml: `<module>
    <moduleId>{second}</moduleId>
    <itemId>{typed}</itemId>
    <courseId>{course}</courseId>
    <title>Practice</title>
    <description></description>
    <addedDate>2026-03-02T09:30:00+00:00</addedDate>
    <type>training</type>
    <trainingType>
      <trainingTypeId>{*uuid}</trainingTypeId>
      <trainingTypeTitle>Webinar &amp; more</trainingTypeTitle>
    </trainingType>
    <sequentialNumber>2</sequentialNumber>
  </module>`,
};
const third: Shown = {
  json: {
    moduleId: '{third}',
    itemId: '{plain}',
    courseId: '{course}',
    title: 'Meeting',
    description: '',
    addedDate: '2026-03-02T09:30:00+00:00',
    type: 'training',
    sequentialNumber: 3,
  },
  xml: `<module>
    <moduleId>{third}</moduleId>
    <itemId>{plain}</itemId>
    <courseId>{course}</courseId>
    <title>Meeting</title>
    <description></description>
    <addedDate>2026-03-02T09:30:00+00:00</addedDate>
    <type>training</type>
    <sequentialNumber>3</sequentialNumber>
  </module>`,
};
/** A module as /courses/modules shows it, in order of creation and without trainings. */
const material = (module: string, courseName: string, title: string): Shown => ({
  json: {
    moduleId: `{${module}}`,
    contentItemId: '{page}',
    courseId: `{${courseName}}`,
    title,
    description: 'Read me',
    authorId: '{owner}',
    addedDate: '2026-03-02T09:30:00+00:00',
    viewUrl: 'https://academy.example/content/{page}',
  },
  xml: `<module>
    <moduleId>{${module}}</moduleId>
    <contentItemId>{page}</contentItemId>
    <courseId>{${courseName}}</courseId>
    <title>${title.replace('<', '&lt;').replace('>', '&gt;')}</title>
    <description>Read me</description>
    <authorId>{owner}</authorId>
    <addedDate>2026-03-02T09:30:00+00:00</addedDate>
    <viewUrl>https://academy.example/content/{page}</viewUrl>
  </module>`,
});
const ofCourse = material('first', 'course', 'Read <this>');
const ofOther = material('alone', 'other', 'Page 1');
const modules = (shown: Shown[], hasNext = false): Row['expect'] => ({
  status: 200,
  json: { modules: shown.map(({ json }) => json), ...(hasNext ? { nextPageToken: '{*token}' } : {}) },
  xml: `<response><modules>${shown.map(({ xml }) => xml).join('')}</modules>
    ${hasNext ? '<nextPageToken>{*token}</nextPageToken>' : ''}</response>`,
});
const tracks = (...pairs: [track: string, course: string][]): Row['expect'] => ({
  status: 200,
  json: pairs.map(([track, course]) => ({ learningTrackId: `{${track}}`, courseId: `{${course}}` })),
  xml:
    pairs.length === 0
      ? '<response/>'
      : `<response>${pairs
          .map(
            ([track, course]) => `<learningTracksCourse>
              <learningTrackId>{${track}}</learningTrackId><courseId>{${course}}</courseId>
            </learningTracksCourse>`,
          )
          .join('')}</response>`,
});
const unknown = (field: string): Row['expect'] => ({
  refused: 'content.unknown_ids',
  status: 400,
  message: `Unknown content item: ${field} ${UNKNOWN}.`,
});
const notFound: Row['expect'] = {
  refused: 'content.unknown',
  status: 404,
  message: `Unknown content item ${UNKNOWN}.`,
};
const unfit = (field: string, id: string, detail: string): Row['expect'] => ({
  refused: 'content.wrong_type',
  status: 400,
  message: `${field}: {${id}} cannot stand here: ${detail}.`,
});

const reads: readonly Row[] = [
  {
    name: 'GET /courses/modules',
    method: 'GET',
    path: '/courses/modules',
    expect: modules([ofCourse, ofOther]),
  },
  {
    name: 'GET /courses/modules of courses',
    method: 'GET',
    path: '/courses/modules?courseIds[]={other}&courseIds[]={goneCourse}',
    expect: modules([ofOther]),
  },
  {
    name: 'GET /courses/modules, a page of one',
    method: 'GET',
    path: '/courses/modules?pageSize=1',
    expect: modules([ofCourse], true),
  },
  {
    name: 'GET /courses/modules, the page after',
    method: 'GET',
    path: '/courses/modules?pageSize=1&pageToken={next}',
    given: async ({ world }) => {
      const { json } = await call(world, 'GET', '/courses/modules?pageSize=1');
      return { next: (json as { nextPageToken: string }).nextPageToken };
    },
    expect: modules([ofOther]),
  },
  {
    name: 'GET /courses/modules of an unknown course',
    method: 'GET',
    path: `/courses/modules?courseIds[]={other}&courseIds[]=${UNKNOWN}`,
    expect: unknown('courseIds'),
  },
  {
    name: 'GET /courses/modules as a learner',
    method: 'GET',
    path: '/courses/modules',
    as: 'learner',
    expect: { refused: 'auth.role', status: 403, message: 'Permission denied.' },
  },
  {
    name: 'GET /course/{id}/modules',
    method: 'GET',
    path: '/course/{course}/modules',
    expect: modules([first, second, third]),
  },
  {
    name: 'GET /course/{id}/modules, none',
    method: 'GET',
    path: '/course/{goneCourse}/modules',
    expect: modules([]),
  },
  {
    name: 'GET /course/{id}/modules, unknown',
    method: 'GET',
    path: `/course/${UNKNOWN}/modules`,
    expect: notFound,
  },
  {
    name: 'GET /course/{id}/modules of what is no course',
    method: 'GET',
    path: '/course/{page}/modules',
    expect: unfit('courseId', 'page', 'no course'),
  },
  {
    name: 'GET /learning_track/courses',
    method: 'GET',
    path: '/learning_track/courses?learningTrackIds={track},{empty}',
    expect: tracks(['track', 'other'], ['track', 'course']),
  },
  {
    name: 'GET /learning_track/courses, none',
    method: 'GET',
    path: '/learning_track/courses?learningTrackIds={empty}',
    expect: tracks(),
  },
  {
    name: 'GET /learning_track/courses of an unknown track',
    method: 'GET',
    path: `/learning_track/courses?learningTrackIds={track},${UNKNOWN}`,
    expect: unknown('learningTrackIds'),
  },
  {
    name: 'GET /learning_track/courses of no track',
    method: 'GET',
    path: '/learning_track/courses',
    expect: { refused: 'request.invalid', status: 400, message: 'learningTrackIds: is required.' },
  },
];

const writes: readonly Row[] = [
  {
    name: 'POST /course/{id}/modules, and out again',
    method: 'POST',
    path: '/course/{course}/modules',
    body: { itemId: '{page}' },
    expect: { status: 201, json: '{*uuid}', xml: '<response>{*uuid}</response>' },
    afterwards: [
      {
        method: 'DELETE',
        path: '/course/{other}/modules/{created}',
        expect: { refused: 'content.unknown_module', status: 404, message: 'Unknown module {created}.' },
      },
      { method: 'DELETE', path: '/course/{course}/modules/{created}', expect: { status: 204 } },
      {
        method: 'GET',
        path: '/course/{course}/modules',
        expect: modules([first, second, third]),
      },
    ],
  },
  {
    name: 'POST /course/{id}/modules of an unknown item',
    method: 'POST',
    path: '/course/{course}/modules',
    body: { itemId: UNKNOWN },
    expect: unknown('itemId'),
  },
  {
    name: 'POST /course/{id}/modules of a course',
    method: 'POST',
    path: '/course/{course}/modules',
    body: { itemId: '{other}' },
    expect: unfit('itemId', 'other', 'neither a material nor a training'),
  },
  {
    name: 'POST /course/{id}/modules of a retired material',
    method: 'POST',
    path: '/course/{course}/modules',
    body: { itemId: '{gone}' },
    expect: unfit('itemId', 'gone', 'retired'),
  },
  {
    name: 'POST /course/{id}/modules of what is no course',
    method: 'POST',
    path: '/course/{track}/modules',
    body: { itemId: '{page}' },
    expect: unfit('courseId', 'track', 'no course'),
  },
  {
    name: 'POST /course/{id}/modules, unknown',
    method: 'POST',
    path: `/course/${UNKNOWN}/modules`,
    body: { itemId: '{page}' },
    expect: notFound,
  },
  {
    name: 'POST /learning_track/{id}/courses replaces them',
    method: 'POST',
    path: '/learning_track/{track}/courses',
    body: { courseIds: ['{course}', '{course}'] },
    expect: { status: 200 },
    afterwards: [
      {
        method: 'GET',
        path: '/learning_track/courses?learningTrackIds={track}',
        expect: tracks(['track', 'course']),
      },
    ],
  },
  {
    name: 'POST /learning_track/{id}/courses of an unknown course',
    method: 'POST',
    path: '/learning_track/{track}/courses',
    body: { courseIds: ['{course}', UNKNOWN] },
    expect: unknown('courseIds'),
  },
  {
    name: 'POST /learning_track/{id}/courses of a material',
    method: 'POST',
    path: '/learning_track/{track}/courses',
    body: { courseIds: ['{page}'] },
    expect: unfit('courseIds', 'page', 'no course'),
  },
  {
    name: 'POST /learning_track/{id}/courses of a retired course',
    method: 'POST',
    path: '/learning_track/{track}/courses',
    body: { courseIds: ['{goneCourse}'] },
    expect: unfit('courseIds', 'goneCourse', 'retired'),
  },
  {
    name: 'POST /learning_track/{id}/courses of what is no track',
    method: 'POST',
    path: '/learning_track/{course}/courses',
    body: { courseIds: ['{other}'] },
    expect: unfit('learningTrackId', 'course', 'no learning track'),
  },
  {
    name: 'POST /learning_track/{id}/courses, unknown',
    method: 'POST',
    path: `/learning_track/${UNKNOWN}/courses`,
    body: { courseIds: ['{course}'] },
    expect: notFound,
  },
  {
    name: 'DELETE /content/{id} of a course in a learning track',
    method: 'DELETE',
    path: '/content/{course}',
    expect: {
      refused: 'content.in_use',
      status: 409,
      message: 'The content item {course} is part of a course or a learning track.',
    },
  },
];

contract('courses and learning tracks', setup, [...reads, ...writes]);
