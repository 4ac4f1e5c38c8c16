import type { Context } from '../access/index.ts';
import { afterToken, allPages, pageMembers, sizeOf, toPage } from '../http/paging.ts';
import { createdId, manyUnpaged, nothing, one, page, type Route, route } from '../http/route.ts';
import {
  about,
  boolean,
  ids,
  instant,
  integer,
  list,
  object,
  oneOf,
  optional,
  text,
  uuid,
} from '../http/wire.ts';
import { endOfDay, toInstantText } from '../kernel/dates.ts';
import * as library from './library.ts';
import type { Item, Module } from './queries.ts';
import { CONTENT_TYPES, displayType, MAX_PERIOD_HOURS } from './rules.ts';

const ContentItem = object(
  {
    contentItemId: uuid(),
    title: text(),
    subtitle: optional(text()),
    description: text(),
    userId: uuid(),
    addedDate: text(),
    viewUrl: text(),
    type: about('Display text; deprecated, see contentItemType.', text()),
    contentItemType: oneOf(...CONTENT_TYPES),
    courseFields: list(object({ fieldId: text(), fieldValue: text() }), { item: 'courseField' }),
  },
  'ContentItemInformation',
);

const viewUrl = (accountUrl: string, id: string): string => `${accountUrl.replace(/\/+$/, '')}/content/${id}`;

const toContentItem = (item: Item) => ({
  contentItemId: item.itemId,
  title: item.title,
  subtitle: item.subtitle,
  description: item.description,
  userId: item.authorId,
  addedDate: toInstantText(item.addedAt),
  viewUrl: viewUrl(item.accountUrl, item.itemId),
  type: displayType(item.contentType),
  contentItemType: item.contentType,
  courseFields: [],
});

const TreeItem = object(
  {
    contentItemId: uuid(),
    title: text(),
    type: text(),
    description: text(),
    addedDate: text(),
    viewUrl: text(),
    parentId: optional(uuid()),
    isShared: boolean(),
  },
  'ContentTreeItem',
);

const CourseModule = object(
  {
    moduleId: uuid(),
    itemId: uuid(),
    courseId: uuid(),
    title: text(),
    description: text(),
    authorId: optional(about('Materials only.', uuid())),
    viewUrl: optional(about('Materials only.', text())),
    addedDate: text(),
    type: oneOf('material', 'training'),
    sequentialNumber: integer(),
  },
  'CourseModule',
);

const toCourseModule = (module: Module) => ({
  moduleId: module.moduleId,
  itemId: module.itemId ?? module.trainingId ?? '',
  courseId: module.courseId,
  title: module.title,
  description: module.description,
  authorId: module.authorId ?? undefined,
  viewUrl: module.itemId ? viewUrl(module.accountUrl, module.itemId) : undefined,
  addedDate: toInstantText(module.addedAt),
  type: module.itemId ? ('material' as const) : ('training' as const),
  sequentialNumber: module.sequentialNumber,
});

const CoursesModule = object(
  {
    moduleId: uuid(),
    contentItemId: uuid(),
    courseId: uuid(),
    title: text(),
    description: text(),
    authorId: optional(uuid()),
    addedDate: text(),
    viewUrl: text(),
  },
  'CoursesModule',
);

const toCoursesModule = (module: Module) => ({
  ...toCourseModule(module),
  contentItemId: module.itemId ?? '',
  viewUrl: viewUrl(module.accountUrl, module.itemId ?? ''),
});

const itemMembers = {
  subtitle: optional(text({ max: 500 })),
  description: optional(text({ max: 10_000 })),
  code: optional(about('Unique in the account; files may name the item by it.', text({ max: 100 }))),
  folder_id: optional(uuid()),
  url: optional(about('http or https', text({ max: 2_000 }))),
  defaultDueDateType: optional(oneOf('unlimited', 'due_date', 'due_period')),
  defaultDueDate: optional(instant()),
  defaultDuePeriod: optional(about('Hours from the access date', integer({ min: 1, max: MAX_PERIOD_HOURS }))),
  defaultLockAfterDueDate: optional(boolean()),
  selfEnrollment: optional(boolean()),
};
const NewItem = object({ title: text({ min: 1, max: 500 }), ...itemMembers }, 'NewContentItem');
const EditItem = object({ title: optional(text({ min: 1, max: 500 })), ...itemMembers }, 'EditContentItem');

type EditBody = Parameters<typeof toInput>[0];

function toInput(body: {
  title?: string | undefined;
  subtitle?: string | undefined;
  description?: string | undefined;
  code?: string | undefined;
  folder_id?: string | undefined;
  url?: string | undefined;
  defaultDueDateType?: 'unlimited' | 'due_date' | 'due_period' | undefined;
  defaultDueDate?: { at: Date; isDateOnly: boolean } | undefined;
  defaultDuePeriod?: number | undefined;
  defaultLockAfterDueDate?: boolean | undefined;
  selfEnrollment?: boolean | undefined;
}): library.ItemInput {
  const due = body.defaultDueDate;
  return {
    title: body.title,
    subtitle: body.subtitle,
    description: body.description,
    code: body.code,
    folderId: body.folder_id,
    url: body.url,
    defaultDueType: body.defaultDueDateType,
    defaultDueAt: due && (due.isDateOnly ? endOfDay(due.at) : due.at),
    defaultDuePeriodHours: body.defaultDuePeriod,
    defaultLock: body.defaultLockAfterDueDate,
    selfEnrollment: body.selfEnrollment,
  };
}

const byId = object({ id: uuid() });
const idOf = (item: Item): string => item.itemId;
const contentTypes = optional(list(oneOf(...CONTENT_TYPES), { item: 'contentType', isWrapped: false }));
const pageFilter = { contentItemIds: optional(ids()), contentTypes, ...pageMembers };

type PageInput = {
  contentItemIds?: string[];
  contentTypes?: string[];
  pageSize?: number;
  pageToken?: string;
};

async function pageOf(ctx: Context, input: PageInput) {
  const size = sizeOf(input.pageSize);
  const filter = { itemIds: input.contentItemIds, contentTypes: input.contentTypes };
  const rows = await library.listItems(ctx, filter, afterToken(input.pageToken), size + 1);
  const { items, nextPageToken } = toPage(rows, size, idOf);
  return { items: items.map(toContentItem), nextPageToken };
}

async function* itemPages(ctx: Context, filter: { itemIds?: string[]; contentTypes?: string[] }) {
  for await (const items of allPages((after, limit) => library.listItems(ctx, filter, after, limit), idOf))
    yield items;
}

async function* mapPages<A, B>(pages: AsyncIterable<A[]>, map: (value: A) => B): AsyncGenerator<B[]> {
  for await (const items of pages) yield items.map(map);
}

const CONTENT = { tag: 'content', may: 'content.read' } as const;
const EDIT = { tag: 'content', may: 'content.write' } as const;

export const contentRoutes: readonly Route<Context>[] = [
  route({
    ...CONTENT,
    method: 'GET',
    path: '/content',
    operationId: 'GetContent',
    summary: 'Every content item',
    query: object({ contentTypes }),
    answer: manyUnpaged(ContentItem, { xmlItem: 'contentItem' }),
    run: async (ctx: Context, { query }) =>
      mapPages(itemPages(ctx, query as { contentTypes?: string[] }), toContentItem),
  }),
  route({
    ...CONTENT,
    method: 'GET',
    path: '/contents',
    operationId: 'ListContent',
    summary: 'Content items, page by page',
    query: object(pageFilter),
    answer: page(ContentItem, { key: 'contentItems', xmlItem: 'contentItem' }),
    refusals: ['content.unknown_ids', 'request.page_token'],
    run: (ctx: Context, { query }) => pageOf(ctx, query as PageInput),
  }),
  route({
    ...CONTENT,
    method: 'POST',
    path: '/contents',
    operationId: 'ListContentByBody',
    summary: 'Content items, page by page, with the filter in the body',
    body: object(pageFilter),
    bodySize: 'bulk',
    answer: page(ContentItem, { key: 'contentItems', xmlItem: 'contentItem' }),
    refusals: ['content.unknown_ids', 'request.page_token'],
    run: (ctx: Context, { body }) => pageOf(ctx, body as PageInput),
  }),
  route({
    ...CONTENT,
    method: 'GET',
    path: '/content/{id}',
    operationId: 'GetContentItem',
    summary: 'One content item',
    params: byId,
    answer: one(ContentItem, { xmlItem: 'contentItem', jsonKey: 'contentItem' }),
    refusals: ['content.unknown'],
    run: async (ctx: Context, { params }) => toContentItem(await library.findItem(ctx, params.id)),
  }),
  route({
    ...EDIT,
    method: 'POST',
    path: '/content/create/{contentType}',
    operationId: 'CreateContentItem',
    summary: 'Create a content item of a type',
    params: object({ contentType: oneOf(...CONTENT_TYPES) }),
    body: NewItem,
    answer: createdId(),
    refusals: ['content.code_taken'],
    run: (ctx: Context, { params, body }) =>
      library.createItem(ctx, params.contentType, { ...toInput(body as EditBody), title: body.title }),
  }),
  route({
    ...EDIT,
    method: 'POST',
    path: '/content/{id}',
    operationId: 'EditContentItem',
    summary: 'Change a content item; people already enrolled keep the due dates they have',
    params: byId,
    body: EditItem,
    answer: nothing(200),
    refusals: ['content.unknown', 'content.code_taken'],
    run: (ctx: Context, { params, body }) => library.editItem(ctx, params.id, toInput(body as EditBody)),
  }),
  route({
    ...EDIT,
    method: 'DELETE',
    path: '/content/{id}',
    operationId: 'RetireContentItem',
    summary: 'Retire a content item: learners keep it, new enrollments are refused',
    params: byId,
    answer: nothing(204),
    refusals: ['content.unknown', 'content.in_use'],
    run: (ctx: Context, { params }) => library.retireItem(ctx, params.id),
  }),
  route({
    ...CONTENT,
    method: 'GET',
    path: '/courses/modules',
    operationId: 'ListCoursesModules',
    summary: 'Material modules of courses, page by page',
    query: object({ courseIds: optional(ids()), ...pageMembers }),
    answer: page(CoursesModule, { key: 'modules', xmlItem: 'module' }),
    refusals: ['content.unknown_ids', 'request.page_token'],
    run: async (ctx: Context, { query }) => {
      const size = sizeOf(query.pageSize);
      const rows = await library.listModules(
        ctx,
        query.courseIds ?? [],
        afterToken(query.pageToken),
        size + 1,
      );
      const { items, nextPageToken } = toPage(rows, size, (module) => module.moduleId);
      return { items: items.map(toCoursesModule), nextPageToken };
    },
  }),
  route({
    ...CONTENT,
    method: 'GET',
    path: '/course/{id}/modules',
    operationId: 'GetCourseModules',
    summary: 'The modules of a course, materials and trainings',
    params: byId,
    answer: page(CourseModule, { key: 'modules', xmlItem: 'module' }),
    refusals: ['content.unknown', 'content.wrong_type'],
    run: async (ctx: Context, { params }) => ({
      items: (await library.modulesOf(ctx, params.id)).map(toCourseModule),
    }),
  }),
  route({
    ...EDIT,
    method: 'POST',
    path: '/course/{id}/modules',
    operationId: 'AddCourseModule',
    summary: 'Add a material or a training to a course',
    params: byId,
    body: object({
      itemId: uuid(),
      title: optional(text({ min: 1, max: 500 })),
      sequentialNumber: optional(integer({ min: 1, max: 1_000_000 })),
    }),
    answer: createdId(),
    refusals: ['content.unknown', 'content.unknown_ids', 'content.wrong_type'],
    run: (ctx: Context, { params, body }) => library.addModule(ctx, params.id, body as never),
  }),
  route({
    ...CONTENT,
    method: 'GET',
    path: '/learning_track/courses',
    operationId: 'GetLearningTrackCourses',
    summary: 'Which courses learning tracks have',
    query: object({ learningTrackIds: about('Separated by commas', ids({ min: 1 })) }),
    answer: manyUnpaged(object({ learningTrackId: uuid(), courseId: uuid() }, 'LearningTracksCourse'), {
      xmlItem: 'learningTracksCourse',
    }),
    refusals: ['content.unknown_ids'],
    run: (ctx: Context, { query }) => library.coursesOfTracks(ctx, query.learningTrackIds),
  }),
  route({
    ...EDIT,
    method: 'POST',
    path: '/learning_track/{id}/courses',
    operationId: 'SetLearningTrackCourses',
    summary: 'Give a learning track these courses, in this order',
    params: byId,
    body: object({ courseIds: ids() }),
    answer: nothing(200),
    refusals: ['content.unknown', 'content.unknown_ids', 'content.wrong_type'],
    run: (ctx: Context, { params, body }) => library.setTrackCourses(ctx, params.id, body.courseIds),
  }),
  route({
    ...CONTENT,
    method: 'GET',
    path: '/courses_tree',
    operationId: 'GetCoursesTree',
    summary: 'Content items with the folder they lie in',
    query: object({ contentItemIds: optional(ids()) }),
    answer: manyUnpaged(TreeItem, { xmlItem: 'contentItem' }),
    refusals: ['content.unknown_ids'],
    run: async (ctx: Context, { query }) =>
      mapPages(itemPages(ctx, query.contentItemIds ? { itemIds: query.contentItemIds } : {}), (item) => ({
        ...toContentItem(item),
        parentId: item.folderId ?? undefined,
        isShared: false,
      })),
  }),
];
