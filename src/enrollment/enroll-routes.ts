import type { Context } from '../access/index.ts';
import { validate } from '../http/decode.ts';
import { pageMembers, sizeOf } from '../http/paging.ts';
import { appliedHeader } from '../http/preferences.ts';
import { nothing, oneWithList, pageOrFile, Reply, type Route, route } from '../http/route.ts';
import {
  about,
  boolean,
  type Infer,
  idSet,
  instant,
  integer,
  list,
  object,
  oneOf,
  optional,
  text,
  unjudged,
  uuid,
} from '../http/wire.ts';
import { toInstantText } from '../kernel/dates.ts';
import { refuse } from '../kernel/errors.ts';
import { Summary } from '../operations/index.ts';
import type { Enrollments, PlanPreview } from './enroll.ts';
import { isPlanned } from './enroll-chunks.ts';
import type { Handling } from './judge.ts';
import { OUTCOMES, OutcomeInfo, replyTo, toOutcome, toOutcomePages, written } from './outcome-routes.ts';
import { plannedOutcomes, plannedPage } from './plan-outcomes.ts';
import type { EnrollInput } from './request.ts';
import { DUE_TYPES, type DueRequest, dueInstant, type RequestedTerms } from './rules.ts';

/** Enrolling, and planning it: the same request to both. */

/** Members that belong to another type of due date are ignored, whatever stands in them. */
const terms = {
  accessDate: optional(about('Now if left out; without an offset it is UTC', instant())),
  dueDateType: oneOf(...DUE_TYPES),
  dueDate: optional(about('With due_date. A day ends at 23:59:59.999 UTC', unjudged(instant()))),
  duePeriod: optional(about('Hours from the access date, with due_period', unjudged(integer()))),
  lockAfterDueDate: optional(about('False if left out; with default, the setting of the course', boolean())),
};

const NewEnrollment = object(
  {
    courseIds: about('Courses, learning tracks or materials; never trainings', idSet({ min: 1 })),
    learnerIds: idSet({ min: 1 }),
    ...terms,
  },
  'NewEnrollment',
);

export const EnrollmentTerms = object(terms, 'EnrollmentTerms');
const DueDate = object({ dueDate: instant() });
const DuePeriod = object({ duePeriod: integer({ min: 1, max: 100_000_000 }) });

export function readTerms(body: Infer<typeof EnrollmentTerms>): RequestedTerms {
  return { accessAt: body.accessDate?.at ?? null, due: readDue(body), lock: body.lockAfterDueDate ?? null };
}

function readDue(body: Infer<typeof EnrollmentTerms>): DueRequest {
  const { dueDateType: type, dueDate, duePeriod } = body;
  const missing = (field: string): never =>
    refuse('request.invalid', { field, detail: `is required when dueDateType is ${type}` });
  switch (type) {
    case 'due_date':
      if (dueDate === undefined) missing('dueDate');
      return { type, at: dueInstant(validate(DueDate, { dueDate }).dueDate) };
    case 'due_period':
      if (duePeriod === undefined) missing('duePeriod');
      return { type, hours: validate(DuePeriod, { duePeriod }).duePeriod };
    default:
      return { type };
  }
}

/** Prefer: handling, as the caller has it; any other value is ignored, as unknown preferences are. */
function handlingOf(ctx: Context): { handling?: Handling } {
  const handling = ctx.preferences.get('handling');
  return handling === 'strict' || handling === 'lenient' ? { handling } : {};
}

export const REFUSED_TERMS = ['enrollment.due_before_access', 'enrollment.date_range'] as const;
/** A form that leaves it out expects the default of the course (contract, contradiction 7). */
export const FORM_DEFAULTS = { dueDateType: 'default' };
export const LOCATION = { Location: 'The operation: /operations/{id}' };
const CREATED = written(201);

const Plan = object(
  {
    planToken: about('To be sent as Enrollment-Plan, with the same body', uuid()),
    expiresAt: text(),
    summary: Summary,
    courses: about(
      'The dates that new enrollments would have; nothing of what nobody could be enrolled in',
      list(
        object({
          courseId: uuid(),
          accessDate: text(),
          dueDate: optional(text()),
          lockAfterDueDate: boolean(),
        }),
        { item: 'course' },
      ),
    ),
    seats: about(
      'Trainings in those courses. Enrolling takes no seat: each learner chooses a session',
      list(
        object({
          courseId: uuid(),
          trainingId: uuid(),
          taken: integer(),
          free: optional(about('In sessions to come; left out when one has no limit', integer())),
        }),
        { item: 'seat' },
      ),
    ),
    events: about(
      'Whom subscribers of webhooks would be told of. Filters by learner are not counted',
      list(object({ eventType: text(), courseId: uuid(), learners: integer(), subscribers: integer() }), {
        item: 'event',
      }),
    ),
    messages: about(
      'What people would be told, and when; of reminders, if nothing is done until then. Who, is in GET /enrollment/plan/{planToken}/messages',
      list(
        object({
          messageType: text(),
          courseId: uuid(),
          sendAt: text(),
          learners: about('About so many', integer()),
          withoutAddress: about('Of those, so many have no address', integer()),
        }),
        { item: 'message' },
      ),
    ),
    outcomes: optional(about('Left out with Prefer: return=minimal', list(OutcomeInfo, { item: 'outcome' }))),
  },
  'Plan',
);

const toWire = (plan: PlanPreview) => ({
  planToken: plan.planId,
  expiresAt: toInstantText(plan.expiresAt),
  summary: plan.summary,
  courses: plan.items.filter(isPlanned).map((item) => ({
    courseId: item.itemId,
    accessDate: toInstantText(new Date(item.accessAt)),
    dueDate: item.dueAt === null ? undefined : toInstantText(new Date(item.dueAt)),
    lockAfterDueDate: item.lock,
  })),
  seats: plan.seats.map(({ itemId, trainingId, free }) => ({
    courseId: itemId,
    trainingId,
    taken: 0,
    free: free ?? undefined,
  })),
  events: plan.events.map(({ itemId, ...event }) => ({ ...event, courseId: itemId })),
  messages: plan.messages.map(({ itemId, noticeType, sendAt, learners, withoutAddress }) => ({
    messageType: noticeType,
    courseId: itemId,
    sendAt: toInstantText(sendAt),
    learners,
    withoutAddress,
  })),
});

/** What both take; a plan is refused whatever the request itself would be refused with. */
const ENROLLING = {
  tag: 'enrollment',
  may: 'enrollment.write',
  body: NewEnrollment,
  bodySize: 'bulk',
  formDefaults: FORM_DEFAULTS,
} as const;
const REFUSED = [
  'auth.learner_scope',
  'enrollment.training',
  'enrollment.unknown_course',
  'enrollment.unknown_learner',
  'enrollment.inactive_learner',
  'enrollment.retired_course',
  ...REFUSED_TERMS,
  'request.too_many_pairs',
  'server.busy',
] as const;

const inputOf = (ctx: Context, body: Infer<typeof NewEnrollment>): EnrollInput => ({
  learnerIds: body.learnerIds,
  courseIds: body.courseIds,
  terms: readTerms(body),
  ...handlingOf(ctx),
});

export const enrollRoutes = (enrollments: Enrollments): readonly Route<Context>[] => [
  route({
    ...ENROLLING,
    method: 'POST',
    path: '/enrollment',
    operationId: 'EnrollLearnersInCourses',
    summary: 'Enroll learners in courses, learning tracks and materials',
    description:
      'Every learner in every course, whole or not at all. With Prefer: handling=lenient what can be done is done, and the rest is refused pair by pair. Pairs already enrolled stay as they are. With Enrollment-Plan exactly what that plan says is done, or nothing. With Prefer: respond-async it is accepted, answered with 202, and goes on by itself. Location names the operation.',
    takesHeaders: {
      'Enrollment-Plan': 'The planToken of POST /enrollment/plan with the same body and Prefer: handling',
    },
    answer: nothing(201),
    representation: CREATED,
    mayBeAsync: true,
    headers: LOCATION,
    refusals: [
      ...REFUSED,
      'operation.state',
      'server.unfinished',
      'plan.unknown',
      'plan.used',
      'plan.expired',
      'plan.stale',
      'plan.other_request',
      'server.stopping',
    ],
    rebuild: (ctx: Context, operationId) => replyTo(ctx, { operationId }, CREATED, handlingOf(ctx)),
    run: async (ctx: Context, { body, headers }) => {
      const receipt = await enrollments.enroll(ctx, inputOf(ctx, body), headers['Enrollment-Plan']);
      return replyTo(ctx, receipt, CREATED, handlingOf(ctx));
    },
  }),
  route({
    ...ENROLLING,
    method: 'POST',
    path: '/enrollment/plan',
    operationId: 'PlanEnrollment',
    summary: 'What enrolling would do, and a token to do just that',
    description:
      'Takes what POST /enrollment takes, is refused with what that would be refused with, and enrolls nobody. The token holds for an hour, and for as long as what it was made of stays as it is.',
    takesHeaders: {
      Prefer: 'handling=strict, the default, or lenient; return=minimal leaves the outcomes out',
    },
    answer: oneWithList(Plan, { list: 'outcomes' }),
    mayHaveHeaders: { 'Preference-Applied': 'The preferences that were honoured.' },
    refusals: REFUSED,
    run: async (ctx: Context, { body }) => {
      const plan = await enrollments.plan(ctx, inputOf(ctx, body));
      const preferred = ctx.preferences.get('return');
      const isMinimal = preferred === 'minimal';
      const outcomes = isMinimal ? undefined : toOutcomePages(plannedOutcomes(ctx, plan.planId));
      const applied = isMinimal || preferred === 'representation' ? { return: preferred } : {};
      return new Reply({ ...toWire(plan), outcomes }, appliedHeader({ ...applied, ...handlingOf(ctx) }));
    },
  }),
  route({
    tag: 'enrollment',
    may: 'enrollment.write',
    method: 'GET',
    path: '/enrollment/plan/{planToken}/outcomes',
    operationId: 'GetPlannedOutcomes',
    summary: 'What would become of every pair of a plan',
    description:
      'In the order of the operation that it becomes. With a filter a page may have fewer entries than asked for: only a missing nextPageToken is the end. CSV and NDJSON, for who asks for them by Accept, are the whole list from pageToken on.',
    params: object({ planToken: uuid() }),
    query: object({ outcome: optional(oneOf(...OUTCOMES)), ...pageMembers }),
    answer: pageOrFile(OutcomeInfo, { key: 'outcomes', xmlItem: 'outcome' }),
    refusals: ['plan.unknown', 'plan.expired', 'request.page_token'],
    run: async (ctx: Context, { params, query }) => {
      const { outcome, pageToken } = query;
      const page = await plannedPage(ctx, params.planToken, {
        outcome,
        pageToken,
        pageSize: sizeOf(query.pageSize),
      });
      return { ...page, items: page.items.map(toOutcome), rest: toOutcomePages(page.rest) };
    },
  }),
];
