import type { Context } from '../access/index.ts';
import { afterToken, allPages, pageMembers, sizeOf, toPage } from '../http/paging.ts';
import { createdId, manyUnpaged, nothing, one, page, type Route, route } from '../http/route.ts';
import {
  about,
  boolean,
  type Infer,
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
import { courseRoutes } from './course-routes.ts';
import { displayType } from './display.ts';
import { fileRoutes } from './file-routes.ts';
import type { TreeNode } from './folder-queries.ts';
import * as folders from './folders.ts';
import * as library from './library.ts';
import type { Item } from './queries.ts';
import { CONTENT_TYPES, MAX_PERIOD_HOURS, viewUrl } from './rules.ts';

const CourseField = object({ fieldId: uuid(), fieldValue: text({ max: 1_000 }) });

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
    courseFields: list(CourseField, { item: 'courseField' }),
  },
  'ContentItemInformation',
);

const toContentItem = (ctx: Context) => (item: Item) => ({
  contentItemId: item.itemId,
  title: item.title,
  subtitle: item.subtitle,
  description: item.description,
  userId: item.authorId,
  addedDate: toInstantText(item.addedAt),
  viewUrl: viewUrl(item.accountUrl, item.itemId),
  type: displayType(item.contentType, ctx.locale),
  contentItemType: item.contentType,
  courseFields: [...item.courseFields],
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

const toTreeItem = (ctx: Context) => (node: TreeNode) => ({
  contentItemId: node.id,
  title: node.title,
  type: displayType(node.type, ctx.locale),
  description: node.description,
  addedDate: toInstantText(node.addedAt),
  viewUrl: viewUrl(node.accountUrl, node.id),
  parentId: node.parentId ?? undefined,
  // Content belongs to the account; there is no sharing between authors that could be told.
  isShared: false,
});

const itemMembers = {
  subtitle: optional(text({ max: 500 })),
  description: optional(text({ max: 10_000 })),
  code: optional(about('Unique in the account; files may name the item by it.', text({ max: 100 }))),
  folder_id: optional(about('See POST /folder', uuid())),
  url: optional(about('http or https', text({ max: 2_000 }))),
  defaultDueDateType: optional(oneOf('unlimited', 'due_date', 'due_period')),
  defaultDueDate: optional(instant()),
  defaultDuePeriod: optional(about('Hours from the access date', integer({ min: 1, max: MAX_PERIOD_HOURS }))),
  defaultLockAfterDueDate: optional(boolean()),
  selfEnrollment: optional(boolean()),
  courseFields: optional(
    about('In place of those it had', list(CourseField, { item: 'courseField', max: 100 })),
  ),
};
const NewItem = object({ title: text({ min: 1, max: 500 }), ...itemMembers }, 'NewContentItem');
const EditItem = object({ title: optional(text({ min: 1, max: 500 })), ...itemMembers }, 'EditContentItem');

function toInput(body: Infer<typeof EditItem>): library.ItemInput {
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
    courseFields: body.courseFields,
  };
}

const byId = object({ id: uuid() });
const idOf = (item: Item): string => item.itemId;
const contentTypes = optional(list(oneOf(...CONTENT_TYPES), { item: 'contentType', isWrapped: false }));
const PageFilter = object({ contentItemIds: optional(ids()), contentTypes, ...pageMembers });

async function pageOf(ctx: Context, input: Infer<typeof PageFilter>) {
  const size = sizeOf(input.pageSize);
  const filter = { itemIds: input.contentItemIds, contentTypes: input.contentTypes };
  const rows = await library.listItems(ctx, filter, afterToken(input.pageToken), size + 1);
  const { items, nextPageToken } = toPage(rows, size, idOf);
  return { items: items.map(toContentItem(ctx)), nextPageToken };
}

async function* mapPages<A, B>(pages: AsyncIterable<A[]>, map: (value: A) => B): AsyncGenerator<B[]> {
  for await (const values of pages) yield values.map(map);
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
    run: async (ctx: Context, { query }) => {
      const pages = allPages((after, limit) => library.listItems(ctx, query, after, limit), idOf);
      return mapPages(pages, toContentItem(ctx));
    },
  }),
  route({
    ...CONTENT,
    method: 'GET',
    path: '/contents',
    operationId: 'ListContent',
    summary: 'Content items, page by page',
    query: PageFilter,
    answer: page(ContentItem, { key: 'contentItems', xmlItem: 'contentItem' }),
    refusals: ['content.unknown_ids', 'request.page_token'],
    run: (ctx: Context, { query }) => pageOf(ctx, query),
  }),
  route({
    ...CONTENT,
    method: 'POST',
    path: '/contents',
    operationId: 'ListContentByBody',
    keyless: 'read',
    summary: 'Content items, page by page, with the filter in the body',
    body: PageFilter,
    bodySize: 'bulk',
    answer: page(ContentItem, { key: 'contentItems', xmlItem: 'contentItem' }),
    refusals: ['content.unknown_ids', 'request.page_token'],
    run: (ctx: Context, { body }) => pageOf(ctx, body),
  }),
  route({
    ...CONTENT,
    method: 'GET',
    path: '/content/{id}',
    operationId: 'GetContentItem',
    summary: 'One content item',
    params: byId,
    answer: one(ContentItem, { xmlItem: 'contentItem', jsonKey: 'contentItem' }),
    refusals: ['content.unknown_ids'],
    run: async (ctx: Context, { params }) => toContentItem(ctx)(await library.findItem(ctx, params.id)),
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
    refusals: ['content.code_taken', 'content.unknown_folder'],
    run: (ctx: Context, { params, body }) =>
      library.createItem(ctx, params.contentType, { ...toInput(body), title: body.title }),
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
    refusals: ['content.unknown', 'content.code_taken', 'content.unknown_folder'],
    run: (ctx: Context, { params, body }) => library.editItem(ctx, params.id, toInput(body)),
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
    path: '/courses_tree',
    operationId: 'GetCoursesTree',
    summary: 'Folders and content items, each with the folder it lies in',
    query: object({ contentItemIds: optional(ids()) }),
    answer: manyUnpaged(TreeItem, { xmlItem: 'contentItem' }),
    refusals: ['content.unknown_ids'],
    run: async (ctx: Context, { query }) => {
      const named = query.contentItemIds?.length ? query.contentItemIds : undefined;
      const pages = allPages(
        (after, limit) => folders.listTree(ctx, named, after, limit),
        (node) => node.id,
      );
      return mapPages(pages, toTreeItem(ctx));
    },
  }),
  route({
    ...EDIT,
    method: 'POST',
    path: '/folder',
    operationId: 'CreateFolder',
    summary: 'Create a folder for content items, at the top or in another folder',
    body: object({
      title: text({ min: 1, max: 500 }),
      description: optional(text({ max: 10_000 })),
      parentId: optional(uuid()),
    }),
    answer: createdId(),
    refusals: ['content.unknown_folder'],
    run: (ctx: Context, { body }) => folders.createFolder(ctx, body),
  }),
  route({
    ...EDIT,
    method: 'DELETE',
    path: '/folder/{id}',
    operationId: 'DeleteFolder',
    summary: 'Remove an empty folder',
    params: byId,
    answer: nothing(204),
    refusals: ['content.folder_not_found', 'content.folder_in_use'],
    run: (ctx: Context, { params }) => folders.deleteFolder(ctx, params.id),
  }),
  ...courseRoutes,
  ...fileRoutes,
];
