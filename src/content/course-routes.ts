import type { Context } from '../access/index.ts';
import { afterToken, pageMembers, sizeOf, toPage } from '../http/paging.ts';
import { createdId, manyUnpaged, nothing, page, type Route, route } from '../http/route.ts';
import { about, ids, integer, object, oneOf, optional, text, uuid } from '../http/wire.ts';
import { toInstantText } from '../kernel/dates.ts';
import { namedId } from '../kernel/ids.ts';
import type { Module } from './course-queries.ts';
import * as courses from './courses.ts';
import { viewUrl } from './rules.ts';

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
    trainingType: optional(
      about('Trainings of a type only.', object({ trainingTypeId: uuid(), trainingTypeTitle: text() })),
    ),
    sequentialNumber: integer(),
  },
  'CourseModule',
);

const toCourseModule = (accountId: number, module: Module) => ({
  moduleId: module.moduleId,
  itemId: module.itemId ?? module.trainingId ?? '',
  courseId: module.courseId,
  title: module.title,
  description: module.description,
  authorId: module.authorId ?? undefined,
  viewUrl: module.itemId ? viewUrl(module.accountUrl, module.itemId) : undefined,
  addedDate: toInstantText(module.addedAt),
  type: module.itemId ? ('material' as const) : ('training' as const),
  trainingType: module.trainingType
    ? { trainingTypeId: namedId(accountId, module.trainingType), trainingTypeTitle: module.trainingType }
    : undefined,
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
  moduleId: module.moduleId,
  contentItemId: module.itemId ?? '',
  courseId: module.courseId,
  title: module.title,
  description: module.description,
  authorId: module.authorId ?? undefined,
  addedDate: toInstantText(module.addedAt),
  viewUrl: viewUrl(module.accountUrl, module.itemId ?? ''),
});

const byId = object({ id: uuid() });
const CONTENT = { tag: 'content', may: 'content.read' } as const;
const EDIT = { tag: 'content', may: 'content.write' } as const;

/** Modules of courses, courses of learning tracks. */
export const courseRoutes: readonly Route<Context>[] = [
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
      const rows = await courses.listModules(
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
      items: (await courses.modulesOf(ctx, params.id)).map((module) =>
        toCourseModule(ctx.caller.accountId, module),
      ),
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
    run: (ctx: Context, { params, body }) => courses.addModule(ctx, params.id, body),
  }),
  route({
    ...EDIT,
    method: 'DELETE',
    path: '/course/{id}/modules/{moduleId}',
    operationId: 'RemoveCourseModule',
    summary: 'Take a module out of a course; the material or training itself stays',
    params: object({ id: uuid(), moduleId: uuid() }),
    answer: nothing(204),
    refusals: ['content.unknown', 'content.unknown_module', 'content.wrong_type'],
    run: (ctx: Context, { params }) => courses.removeModule(ctx, params.id, params.moduleId),
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
    run: (ctx: Context, { query }) => courses.coursesOfTracks(ctx, query.learningTrackIds),
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
    run: (ctx: Context, { params, body }) => courses.setTrackCourses(ctx, params.id, body.courseIds),
  }),
];
