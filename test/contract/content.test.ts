import assert from 'node:assert/strict';
import { addCourse, addFolder, addModule, addUser } from '../support/people.ts';
import { call, type World } from '../support/server.ts';
import { contract, type Row } from './runner.ts';
import type { Names } from './template.ts';

/** Section 4 of the contract: content items and the tree they stand in. Modules and tracks are in courses.test.ts. */

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
const FIELD = '0f8fad5b-d9cb-469f-a165-70867728950e';

async function setup(world: World): Promise<Names> {
  const safety = await addFolder(world, 'Safety');
  const fire = await addFolder(world, 'Fire', safety);
  const page = await addCourse(world, 'Page', {
    title: 'Who & what',
    subtitle: 'First part',
    description: 'A page',
    folder_id: fire,
  });
  const course = await addCourse(world, 'Course', {
    title: 'Fire safety',
    courseFields: [{ fieldId: FIELD, fieldValue: 'Ann <B>' }],
  });
  const deck = await addCourse(world, 'PowerPointPresentation', { title: 'Slides', folder_id: safety });
  const gone = await addCourse(world, 'Quiz', { title: 'Old quiz', folder_id: fire });
  assert.equal((await call(world, 'DELETE', `/content/${gone}`)).status, 204);
  const module = await addModule(world, course, page);
  const learner = await world.tokenOf(await addUser(world));
  return { safety, fire, page, course, deck, gone, module, learner };
}

interface Shown {
  readonly json: Record<string, unknown>;
  readonly xml: string;
}

/** A content item as lists show it; `fields` is what the account says of it. */
const item = (of: {
  id: string;
  title: string;
  type: string;
  contentItemType: string;
  subtitle?: string;
  description?: string;
  fields?: { json: unknown[]; xml: string };
}): Shown => ({
  json: {
    contentItemId: of.id,
    title: of.title,
    subtitle: of.subtitle ?? '',
    description: of.description ?? '',
    userId: '{owner}',
    addedDate: '2026-03-02T09:30:00+00:00',
    viewUrl: `https://academy.example/content/${of.id}`,
    type: of.type,
    contentItemType: of.contentItemType,
    courseFields: of.fields?.json ?? [],
  },
  xml: `<contentItem>
    <contentItemId>${of.id}</contentItemId>
    <title>${of.title.replace('&', '&amp;')}</title>
    <subtitle>${of.subtitle ?? ''}</subtitle>
    <description>${of.description ?? ''}</description>
    <userId>{owner}</userId>
    <addedDate>2026-03-02T09:30:00+00:00</addedDate>
    <viewUrl>https://academy.example/content/${of.id}</viewUrl>
    <type>${of.type}</type>
    <contentItemType>${of.contentItemType}</contentItemType>
    <courseFields>${of.fields?.xml ?? ''}</courseFields>
  </contentItem>`,
});

const page = (type = 'Page') =>
  item({
    id: '{page}',
    title: 'Who & what',
    type,
    contentItemType: 'Page',
    subtitle: 'First part',
    description: 'A page',
  });
const course = (type = 'Course') =>
  item({
    id: '{course}',
    title: 'Fire safety',
    type,
    contentItemType: 'Course',
    fields: {
      json: [{ fieldId: FIELD, fieldValue: 'Ann <B>' }],
      xml: `<courseField><fieldId>${FIELD}</fieldId><fieldValue>Ann &lt;B&gt;</fieldValue></courseField>`,
    },
  });
const deck = (type = 'PowerPoint Presentation') =>
  item({ id: '{deck}', title: 'Slides', type, contentItemType: 'PowerPointPresentation' });
const gone = item({ id: '{gone}', title: 'Old quiz', type: 'Quiz', contentItemType: 'Quiz' });

const list = (...items: Shown[]): Row['expect'] => ({
  status: 200,
  json: items.map((shown) => shown.json),
  xml: items.length > 0 ? `<response>${items.map((shown) => shown.xml).join('')}</response>` : '<response/>',
});
const paged = (items: Shown[], hasNext = false): Row['expect'] => ({
  status: 200,
  json: { contentItems: items.map((shown) => shown.json), ...(hasNext ? { nextPageToken: '{*token}' } : {}) },
  xml: `<response><contentItems>${items.map((shown) => shown.xml).join('')}</contentItems>
    ${hasNext ? '<nextPageToken>{*token}</nextPageToken>' : ''}</response>`,
});
const single = (shown: Shown): Row['expect'] => ({
  status: 200,
  json: { contentItem: shown.json },
  xml: `<response>${shown.xml}</response>`,
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
const denied: Row['expect'] = { refused: 'auth.role', status: 403, message: 'Permission denied.' };
const created: Row['expect'] = { status: 201, json: '{*uuid}', xml: '<response>{*uuid}</response>' };

const node = (of: {
  id: string;
  title: string;
  type: string;
  parent?: string;
  description?: string;
}): Shown => ({
  json: {
    contentItemId: of.id,
    title: of.title,
    type: of.type,
    description: of.description ?? '',
    addedDate: '2026-03-02T09:30:00+00:00',
    viewUrl: `https://academy.example/content/${of.id}`,
    ...(of.parent ? { parentId: of.parent } : {}),
    isShared: false,
  },
  xml: `<contentItem>
    <contentItemId>${of.id}</contentItemId>
    <title>${of.title.replace('&', '&amp;')}</title>
    <type>${of.type}</type>
    <description>${of.description ?? ''}</description>
    <addedDate>2026-03-02T09:30:00+00:00</addedDate>
    <viewUrl>https://academy.example/content/${of.id}</viewUrl>
    ${of.parent ? `<parentId>${of.parent}</parentId>` : ''}
    <isShared>0</isShared>
  </contentItem>`,
});
const tree = (types: { folder: string; page: string; course: string; deck: string }): Shown[] => [
  node({ id: '{safety}', title: 'Safety', type: types.folder }),
  node({ id: '{fire}', title: 'Fire', type: types.folder, parent: '{safety}' }),
  node({ id: '{page}', title: 'Who & what', type: types.page, parent: '{fire}', description: 'A page' }),
  node({ id: '{course}', title: 'Fire safety', type: types.course }),
  node({ id: '{deck}', title: 'Slides', type: types.deck, parent: '{safety}' }),
];
const inEnglish = { folder: 'Folder', page: 'Page', course: 'Course', deck: 'PowerPoint Presentation' };

const reads: readonly Row[] = [
  { name: 'GET /content', method: 'GET', path: '/content', expect: list(page(), course(), deck()) },
  {
    name: 'GET /content in Russian',
    method: 'GET',
    path: '/content',
    headers: { 'x-target-locale': 'ru-RU' },
    expect: list(page('Страница'), course('Курс'), deck('Презентация PowerPoint')),
  },
  {
    name: 'GET /content of types',
    method: 'GET',
    path: '/content?contentTypes[]=Course&contentTypes[]=Quiz',
    expect: list(course()),
  },
  {
    name: 'GET /content of a type there is none of',
    method: 'GET',
    path: '/content?contentTypes=Book',
    expect: list(),
  },
  {
    name: 'GET /content of a type that is none',
    method: 'GET',
    path: '/content?contentTypes[]=Training',
    expect: {
      refused: 'request.invalid',
      status: 400,
      message:
        'contentTypes[0]: must be one of iSpringSuiteModule, Audio, Video, Image, Quiz, Survey, SCORM, Course, LearningTrack, WordDocument, PowerPointPresentation, PDFDocument, ExcelSpreadsheet, RolePlay, Link, Assignment, Book, Interaction, Page, OnlineQuiz, ExternalCourse, got Training.',
    },
  },
  { name: 'GET /content as a learner', method: 'GET', path: '/content', as: 'learner', expect: denied },
  { name: 'GET /contents', method: 'GET', path: '/contents', expect: paged([page(), course(), deck()]) },
  {
    name: 'GET /contents, a page of one',
    method: 'GET',
    path: '/contents?pageSize=1&pageToken=',
    expect: paged([page()], true),
  },
  {
    name: 'GET /contents, the page after',
    method: 'GET',
    path: '/contents?pageSize=1&pageToken={next}',
    given: async ({ world }) => {
      const { json } = await call(world, 'GET', '/contents?pageSize=1');
      return { next: (json as { nextPageToken: string }).nextPageToken };
    },
    expect: paged([course()], true),
  },
  {
    name: 'GET /contents by ids and types, retired ones included when named',
    method: 'GET',
    path: '/contents?contentItemIds[]={gone}&contentItemIds[]={page}&contentTypes[]=Quiz',
    expect: paged([gone]),
  },
  {
    name: 'GET /contents with an unknown id',
    method: 'GET',
    path: `/contents?contentItemIds[]=${UNKNOWN}&contentItemIds[]={page}`,
    expect: unknown('contentItemIds'),
  },
  {
    name: 'POST /contents',
    method: 'POST',
    path: '/contents',
    headers: { 'x-target-locale': 'de-DE' },
    body: { contentItemIds: ['{deck}', '{course}'], contentTypes: ['Course', 'PowerPointPresentation'] },
    xmlBody: `<request>
      <contentItemIds>{deck}</contentItemIds><contentItemIds>{course}</contentItemIds>
      <contentTypes>Course</contentTypes><contentTypes>PowerPointPresentation</contentTypes>
    </request>`,
    expect: paged([course('Kurs'), deck('PowerPoint-Präsentation')]),
  },
  {
    name: 'POST /contents with an unknown id',
    method: 'POST',
    path: '/contents',
    body: { contentItemIds: [UNKNOWN] },
    expect: unknown('contentItemIds'),
  },
  { name: 'GET /content/{id}', method: 'GET', path: '/content/{course}', expect: single(course()) },
  {
    name: 'GET /content/{id} in a language that the contract does not list',
    method: 'GET',
    path: '/content/{course}',
    headers: { 'x-target-locale': 'tlh' },
    expect: single(course()),
  },
  {
    name: 'GET /content/{id} of a retired item',
    method: 'GET',
    path: '/content/{gone}',
    expect: single(gone),
  },
  {
    name: 'GET /content/{id}, unknown',
    method: 'GET',
    path: `/content/${UNKNOWN}`,
    expect: unknown('id'),
  },
  { name: 'GET /courses_tree', method: 'GET', path: '/courses_tree', expect: list(...tree(inEnglish)) },
  {
    name: 'GET /courses_tree in Japanese',
    method: 'GET',
    path: '/courses_tree',
    headers: { 'x-target-locale': 'ja-JP' },
    expect: list(
      ...tree({
        folder: 'フォルダー',
        page: 'ページ',
        course: 'コース',
        deck: 'PowerPoint プレゼンテーション',
      }),
    ),
  },
  {
    name: 'GET /courses_tree of items and folders',
    method: 'GET',
    path: '/courses_tree?contentItemIds[]={page}&contentItemIds[]={fire}',
    expect: list(...tree(inEnglish).slice(1, 3)),
  },
  {
    name: 'GET /courses_tree with an unknown id',
    method: 'GET',
    path: `/courses_tree?contentItemIds[]=${UNKNOWN}`,
    expect: unknown('contentItemIds'),
  },
];

const writes: readonly Row[] = [
  {
    name: 'POST /content/create/{contentType}',
    method: 'POST',
    path: '/content/create/Link',
    body: { title: 'Rules', url: 'https://example.com/rules', folder_id: '{fire}' },
    expect: created,
    afterwards: [
      {
        method: 'GET',
        path: '/content/{created}',
        expect: single(item({ id: '{created}', title: 'Rules', type: 'Link', contentItemType: 'Link' })),
      },
      {
        method: 'GET',
        path: '/courses_tree?contentItemIds={created}',
        expect: list(node({ id: '{created}', title: 'Rules', type: 'Link', parent: '{fire}' })),
      },
    ],
  },
  {
    name: 'POST /content/create/{contentType} in an unknown folder',
    method: 'POST',
    path: '/content/create/Page',
    body: { title: 'Lost', folder_id: UNKNOWN },
    expect: {
      refused: 'content.unknown_folder',
      status: 400,
      message: `folder_id: unknown folder ${UNKNOWN}.`,
    },
  },
  {
    name: 'POST /content/create/{contentType} of a type that is none',
    method: 'POST',
    path: '/content/create/Folder',
    body: { title: 'No' },
    expect: {
      refused: 'request.invalid',
      status: 400,
      message:
        'contentType: must be one of iSpringSuiteModule, Audio, Video, Image, Quiz, Survey, SCORM, Course, LearningTrack, WordDocument, PowerPointPresentation, PDFDocument, ExcelSpreadsheet, RolePlay, Link, Assignment, Book, Interaction, Page, OnlineQuiz, ExternalCourse, got Folder.',
    },
  },
  {
    name: 'POST /content/create/{contentType} with a link no browser should open',
    method: 'POST',
    path: '/content/create/Link',
    body: { title: 'No', url: 'javascript:alert(1)' },
    expect: {
      refused: 'request.invalid',
      status: 400,
      message: 'url: must be an http or https address, got javascript:alert(1).',
    },
  },
  {
    name: 'POST /content/{id}',
    method: 'POST',
    path: '/content/{deck}',
    body: { title: 'Deck', courseFields: [{ fieldId: FIELD, fieldValue: 'x' }] },
    xmlBody: `<request><title>Deck</title>
      <courseFields><courseField><fieldId>${FIELD}</fieldId><fieldValue>x</fieldValue></courseField></courseFields></request>`,
    expect: { status: 200 },
    afterwards: [
      {
        method: 'GET',
        path: '/content/{deck}',
        expect: single(
          item({
            id: '{deck}',
            title: 'Deck',
            type: 'PowerPoint Presentation',
            contentItemType: 'PowerPointPresentation',
            fields: {
              json: [{ fieldId: FIELD, fieldValue: 'x' }],
              xml: `<courseField><fieldId>${FIELD}</fieldId><fieldValue>x</fieldValue></courseField>`,
            },
          }),
        ),
      },
    ],
  },
  {
    name: 'POST /content/{id}, unknown',
    method: 'POST',
    path: `/content/${UNKNOWN}`,
    body: { title: 'No' },
    expect: notFound,
  },
  {
    name: 'DELETE /content/{id} of a module',
    method: 'DELETE',
    path: '/content/{page}',
    expect: {
      refused: 'content.in_use',
      status: 409,
      message: 'The content item {page} is part of a course or a learning track.',
    },
    afterwards: [{ method: 'GET', path: '/content?contentTypes=Page', expect: list(page()) }],
  },
  {
    name: 'DELETE /content/{id} once the course has let it go',
    method: 'DELETE',
    path: '/content/{page}',
    given: async ({ world, names }) => {
      const path = `/course/${names['course']}/modules/${names['module']}`;
      assert.equal((await call(world, 'DELETE', path)).status, 204);
      return {};
    },
    expect: { status: 204 },
    afterwards: [{ method: 'GET', path: '/content?contentTypes=Page', expect: list() }],
  },
  { name: 'DELETE /content/{id}, unknown', method: 'DELETE', path: `/content/${UNKNOWN}`, expect: notFound },
  {
    name: 'POST /folder',
    method: 'POST',
    path: '/folder',
    body: { title: 'Smoke', description: 'And mirrors', parentId: '{safety}' },
    expect: created,
    afterwards: [
      {
        method: 'GET',
        path: '/courses_tree?contentItemIds={created}',
        expect: list(
          node({
            id: '{created}',
            title: 'Smoke',
            type: 'Folder',
            description: 'And mirrors',
            parent: '{safety}',
          }),
        ),
      },
      { method: 'DELETE', path: '/folder/{created}', expect: { status: 204 } },
      {
        method: 'DELETE',
        path: '/folder/{created}',
        expect: { refused: 'content.folder_not_found', status: 404, message: 'Unknown folder {created}.' },
      },
    ],
  },
  {
    name: 'POST /folder in an unknown folder',
    method: 'POST',
    path: '/folder',
    body: { title: 'No', parentId: UNKNOWN },
    expect: {
      refused: 'content.unknown_folder',
      status: 400,
      message: `parentId: unknown folder ${UNKNOWN}.`,
    },
  },
  ...(['safety', 'fire'] as const).map(
    (folder): Row => ({
      name: `DELETE /folder/{id} with ${folder === 'safety' ? 'folders' : 'items'} in it`,
      method: 'DELETE',
      path: `/folder/{${folder}}`,
      expect: {
        refused: 'content.folder_in_use',
        status: 409,
        message: `The folder {${folder}} is not empty.`,
      },
    }),
  ),
];

contract('content', setup, [...reads, ...writes]);
