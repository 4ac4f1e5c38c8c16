import type { Context } from '../access/index.ts';
import { displayStatus } from '../content/index.ts';
import { pageMembers, sizeOf } from '../http/paging.ts';
import { manyUnpaged, nothing, page, type Route, route } from '../http/route.ts';
import {
  about,
  boolean,
  decimal,
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
import { isOverdue, STATUSES } from '../progress/index.ts';
import { updateAttendance } from './attendance.ts';
import type { FinalStatus } from './final-status-queries.ts';
import { finalStatusesOf } from './final-statuses.ts';
import { pageOfModuleResults, pageOfResults, type ResultsWanted } from './list.ts';
import type { DateRange, ModuleResult, Result } from './queries.ts';
import { recordProgress } from './record.ts';

const dates = {
  enrollmentId: uuid(),
  accessDate: text(),
  dueDate: optional(text()),
  expirationDate: optional(about('Only with a due date and a lock', text())),
  completionDate: optional(text()),
};

/** The contract has these too; nothing records them, so that they are always left out. */
const unrecorded = (what: string) => optional(about(`${what}; left out while nothing records it`, integer()));

const standing = {
  timeSpent: unrecorded('Seconds'),
  completionStatus: oneOf(...STATUSES),
  awardedScore: optional(decimal()),
  passingScore: unrecorded('Score from which on it is passed'),
  progress: about('0 to 100', decimal()),
  isOverdue: boolean(),
  viewsCount: integer(),
};

const ResultInfo = object(
  {
    userId: uuid(),
    courseId: uuid(),
    courseTitle: text(),
    ...dates,
    duration: unrecorded('Seconds'),
    ...standing,
  },
  'LearnerResult',
);

const ModuleResultInfo = object(
  {
    userId: uuid(),
    courseId: uuid(),
    moduleId: uuid(),
    moduleTitle: text(),
    courseItemId: about('The material or training that the module is', uuid()),
    ...dates,
    ...standing,
  },
  'LearnerModuleResult',
);

const toStanding = (result: Omit<Result, 'courseTitle'>, now: Date) => ({
  enrollmentId: result.enrollmentId,
  accessDate: toInstantText(result.accessAt),
  dueDate: result.dueAt ? toInstantText(result.dueAt) : undefined,
  expirationDate: result.dueAt && result.lockAfterDueDate ? toInstantText(result.dueAt) : undefined,
  completionDate: result.progress.completedAt ? toInstantText(result.progress.completedAt) : undefined,
  completionStatus: result.progress.status,
  awardedScore: result.progress.score ?? undefined,
  progress: result.progress.percent,
  isOverdue: isOverdue(result.dueAt, result.progress.status, now),
  viewsCount: result.progress.views,
});

const toResult = (result: Result, now: Date) => ({
  userId: result.userId,
  courseId: result.courseId,
  courseTitle: result.courseTitle,
  ...toStanding(result, now),
});

const toModuleResult = (result: ModuleResult, now: Date) => ({
  userId: result.userId,
  courseId: result.courseId,
  moduleId: result.moduleId,
  moduleTitle: result.moduleTitle,
  courseItemId: result.courseItemId,
  ...toStanding(result, now),
});

const FinalStatusInfo = object(
  {
    userId: uuid(),
    status: about('Display text in the language of X-Target-Locale', text()),
    progress: about('0 to 100', decimal()),
    completionDate: optional(text()),
    lastViewDate: optional(text()),
  },
  'ContentItemFinalStatus',
);

async function* toFinalStatuses(
  pages: AsyncIterable<FinalStatus[]>,
  locale: string | null,
): AsyncGenerator<Infer<typeof FinalStatusInfo>[]> {
  const instantText = (at: Date | null): string | undefined => (at ? toInstantText(at) : undefined);
  for await (const page of pages)
    yield page.map(({ userId, progress }) => ({
      userId,
      status: displayStatus(progress.status, locale),
      progress: progress.percent,
      completionDate: instantText(progress.completedAt),
      lastViewDate: instantText(progress.viewedAt),
    }));
}

const Range = object({ startDate: optional(instant()), endDate: optional(instant()) });

const filter = {
  userIds: optional(ids()),
  courseIds: optional(ids()),
  departmentIds: optional(about('These departments, without those below', ids())),
  enrollmentIds: optional(ids()),
  completionStatuses: optional(list(oneOf(...STATUSES), { item: 'completionStatus' })),
  completionDate: optional(about('Both ends belong to it; either may be left out', Range)),
  accessDate: optional(Range),
  dueDate: optional(Range),
  userStatuses: optional(
    about(
      '1 active, 3 inactive, 5 employment ended; only 1 if left out',
      list(integer({ min: 1, max: 5 }), { item: 'userStatus' }),
    ),
  ),
  ...pageMembers,
};

const ResultFilter = object(filter);
const ModuleResultFilter = object({ ...filter, moduleIds: optional(ids()), courseItemIds: optional(ids()) });

/** A date-only end means that whole day. */
const toRange = (range: Infer<typeof Range> | undefined): DateRange => ({
  from: range?.startDate?.at ?? null,
  until: range?.endDate ? (range.endDate.isDateOnly ? endOfDay(range.endDate.at) : range.endDate.at) : null,
});

const toWanted = <Q extends Infer<typeof ResultFilter>>(query: Q): Q & ResultsWanted => ({
  ...query,
  completed: toRange(query.completionDate),
  access: toRange(query.accessDate),
  due: toRange(query.dueDate),
});

const MAX_SCORE = 1_000_000;

const ProgressReport = object(
  {
    status: optional(
      about('Without it, all of the progress is complete and any of it a beginning', oneOf(...STATUSES)),
    ),
    progress: optional(about('Percent', decimal({ min: 0, max: 100 }))),
    moduleId: optional(
      about(
        'A module of the course; in a learning track a module of one of its courses, or such a course',
        uuid(),
      ),
    ),
    score: optional(about('The best one counts', decimal({ min: 0, max: MAX_SCORE }))),
  },
  'ProgressReport',
);

const DAY_S = 86_400;

const Attended = object({
  participantId: uuid(),
  isAttended: boolean(),
  duration: optional(about('Seconds', integer({ min: 0, max: DAY_S }))),
});

const READ = { tag: 'results', may: 'result.read', method: 'GET' } as const;
const UNKNOWN = [
  'people.unknown_users',
  'people.unknown_department',
  'content.unknown_ids',
  'enrollment.unknown',
  'request.page_token',
] as const;

export const resultRoutes: readonly Route<Context>[] = [
  route({
    ...READ,
    path: '/learners/results',
    operationId: 'ListLearnerResults',
    summary: 'How far learners are in their courses, page by page',
    description:
      'A row per enrollment in order of creation; of a learning track a row per course. What ended is not shown.',
    query: ResultFilter,
    answer: page(ResultInfo, { key: 'results', xmlItem: 'result' }),
    refusals: UNKNOWN,
    run: async (ctx: Context, { query }) => {
      const found = await pageOfResults(ctx, toWanted(query), sizeOf(query.pageSize), query.pageToken);
      return { ...found, items: found.items.map((result) => toResult(result, ctx.now)) };
    },
  }),
  route({
    ...READ,
    path: '/learners/modules/results',
    operationId: 'ListLearnerModulesResults',
    summary: 'How far learners are in the modules of their courses, page by page',
    query: ModuleResultFilter,
    answer: page(ModuleResultInfo, { key: 'results', xmlItem: 'result' }),
    refusals: [...UNKNOWN, 'content.unknown_modules'],
    run: async (ctx: Context, { query }) => {
      const found = await pageOfModuleResults(ctx, toWanted(query), sizeOf(query.pageSize), query.pageToken);
      return { ...found, items: found.items.map((result) => toModuleResult(result, ctx.now)) };
    },
  }),
  route({
    ...READ,
    path: '/content/{contentId}/final_statuses',
    operationId: 'GetContentItemFinalStatuses',
    summary: 'Where every learner of a content item stands',
    description: 'Each learner once, whichever way the item was given. The list is written while it is read.',
    params: object({ contentId: uuid() }),
    answer: manyUnpaged(FinalStatusInfo, { xmlItem: 'status', xmlRoot: 'statuses' }),
    refusals: ['content.unknown'],
    run: async (ctx: Context, { params }) =>
      toFinalStatuses(await finalStatusesOf(ctx, params.contentId), ctx.locale),
  }),
  route({
    tag: 'results',
    may: 'enrollment.write',
    method: 'POST',
    path: '/enrollment/{enrollmentId}/progress',
    operationId: 'RecordProgress',
    summary: 'Record the progress of a learner',
    description:
      'In the material or course as a whole, or in a module. What follows for the course, the learning tracks around it and certificates is done at once. Nothing that was completed becomes uncompleted.',
    params: object({ enrollmentId: uuid() }),
    body: ProgressReport,
    answer: nothing(200),
    refusals: [
      'enrollment.unknown',
      'auth.enrollment_scope',
      'progress.not_open',
      'progress.locked',
      'progress.unknown_module',
    ],
    run: (ctx: Context, { params, body }) =>
      recordProgress(ctx, params.enrollmentId, {
        status: body.status,
        percent: body.progress,
        score: body.score,
        moduleId: body.moduleId,
      }),
  }),
  route({
    tag: 'training',
    may: 'enrollment.write',
    method: 'POST',
    path: '/training/day/{dayId}/participants/attendance/update',
    operationId: 'UpdateDayParticipantsAttendance',
    summary: 'Record who attended a day of a training',
    description:
      'In place of what was recorded before. Who has attended every day has completed the training in their courses.',
    params: object({ dayId: uuid() }),
    body: object({
      participantsAttendance: list(Attended, { item: 'trainingParticipantAttendance', min: 1 }),
    }),
    bodySize: 'bulk',
    answer: nothing(200),
    refusals: ['auth.learner_scope', 'people.unknown_users', 'training.unknown_day', 'training.no_seat'],
    run: (ctx: Context, { params, body }) =>
      updateAttendance(
        ctx,
        params.dayId,
        body.participantsAttendance.map((entry) => ({
          userId: entry.participantId,
          isAttended: entry.isAttended,
          durationSeconds: entry.duration ?? null,
        })),
      ),
  }),
];
