import type { Context } from '../access/index.ts';
import { validate } from '../http/decode.ts';
import { pageMembers, sizeOf } from '../http/paging.ts';
import {
  type Answer,
  manyUnpaged,
  nothing,
  one,
  type Page,
  page,
  Reply,
  type Route,
  route,
} from '../http/route.ts';
import {
  about,
  boolean,
  type Infer,
  idSet,
  ids,
  instant,
  integer,
  object,
  oneOf,
  optional,
  text,
  unjudged,
  uuid,
} from '../http/wire.ts';
import { toDateText, toInstantText } from '../kernel/dates.ts';
import { refuse } from '../kernel/errors.ts';
import type { Enrollments } from './enroll.ts';
import type { Handling } from './judge.ts';
import { findFor, type ListedEnrollment, listFor, pageFor } from './list.ts';
import { outcomeRoutes, replyAgain, replyTo, written } from './outcome-routes.ts';
import { DUE_TYPES, type DueRequest, dueInstant, type RequestedTerms } from './rules.ts';
import { undoRoutes } from './undo-routes.ts';

/** The order of the members is that of the contract's real answers. */
const EnrollmentInfo = object(
  {
    enrollmentId: uuid(),
    courseId: about('Whatever was enrolled: a course, a learning track or a material', uuid()),
    learnerId: uuid(),
    accessDate: text(),
    dueDate: optional(text()),
    expirationDate: optional(about('Only with a due date and a lock', text())),
    enrollmentTypeGroup: about('0 assigned by an administrator, 1 added from the catalog', integer()),
    shouldLockAfterDueDate: boolean(),
    certificate: optional(
      object({
        issuedCertificateId: uuid(),
        issueDate: text(),
        expiryDate: optional(about('Left out: certificates do not expire', text())),
      }),
    ),
  },
  'Enrollment',
);

/** Inside it is `lockAfterDueDate`; the wire says so in requests only. */
const toWire = (enrollment: ListedEnrollment): Infer<typeof EnrollmentInfo> => ({
  enrollmentId: enrollment.enrollmentId,
  courseId: enrollment.itemId,
  learnerId: enrollment.learnerId,
  accessDate: toDateText(enrollment.accessAt),
  dueDate: enrollment.dueAt ? toDateText(enrollment.dueAt) : undefined,
  expirationDate: enrollment.dueAt && enrollment.lockAfterDueDate ? toDateText(enrollment.dueAt) : undefined,
  enrollmentTypeGroup: enrollment.typeGroup,
  shouldLockAfterDueDate: enrollment.lockAfterDueDate,
  certificate: enrollment.certificate && {
    issuedCertificateId: enrollment.certificate.certificateId,
    issueDate: toInstantText(enrollment.certificate.issuedAt),
  },
});

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

const EnrollmentTerms = object(terms, 'EnrollmentTerms');
const EnrollmentIds = object({ enrollmentIds: idSet({ min: 1 }) }, 'EnrollmentIds');

const DueDate = object({ dueDate: instant() });
const DuePeriod = object({ duePeriod: integer({ min: 1, max: 100_000_000 }) });

function readTerms(body: Infer<typeof EnrollmentTerms>): RequestedTerms {
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

const filter = {
  courseIds: optional(ids()),
  learnerIds: optional(ids()),
  enrollmentIds: optional(ids()),
};

type ListInput = Infer<typeof PageFilter>;
const PageFilter = object({ ...filter, ...pageMembers });

async function* toWirePages(
  pages: AsyncIterable<ListedEnrollment[]>,
): AsyncGenerator<Infer<typeof EnrollmentInfo>[]> {
  for await (const enrollments of pages) yield enrollments.map(toWire);
}

async function pageOf(ctx: Context, input: ListInput): Promise<Reply<Page<Infer<typeof EnrollmentInfo>>>> {
  const found = await pageFor(ctx, input, sizeOf(input.pageSize), input.pageToken);
  const value = { items: found.items.map(toWire), nextPageToken: found.nextPageToken };
  return new Reply(value, { 'rollbook-resume-token': found.resumeToken });
}

const pageAnswer: Answer<Page<Infer<typeof EnrollmentInfo>>> = page(EnrollmentInfo, {
  key: 'enrollments',
  xmlItem: 'enrollment',
});
const RESUME = { 'Rollbook-Resume-Token': 'The pageToken with which to go on later' };
const READ = { tag: 'enrollment', may: 'enrollment.read' } as const;
const UNKNOWN = ['enrollment.unknown', 'enrollment.unknown_course', 'enrollment.unknown_learner'] as const;

const REFUSED_TERMS = ['enrollment.due_before_access', 'enrollment.date_range'] as const;
/** A form that leaves it out expects the default of the course (contract, contradiction 7). */
const FORM_DEFAULTS = { dueDateType: 'default' };
const LOCATION = { Location: 'The operation: /operations/{id}' };
const CREATED = written(201);
const DONE = written(200);
const WRITE = {
  tag: 'enrollment',
  may: 'enrollment.write',
  method: 'POST',
  rebuild: (ctx: Context, operationId: string) => replyAgain(ctx, operationId, DONE),
} as const;
const REFUSED_CHANGE = ['enrollment.unknown', 'auth.enrollment_scope', 'server.busy'] as const;

export const enrollmentRoutes = (enrollments: Enrollments): readonly Route<Context>[] => [
  route({
    ...WRITE,
    path: '/enrollment',
    operationId: 'EnrollLearnersInCourses',
    summary: 'Enroll learners in courses, learning tracks and materials',
    description:
      'Every learner in every course, whole or not at all. With Prefer: handling=lenient what can be done is done, and the rest is refused pair by pair. Pairs already enrolled stay as they are. With Prefer: respond-async it is accepted and answered with 202. Location names the operation.',
    body: NewEnrollment,
    bodySize: 'bulk',
    formDefaults: FORM_DEFAULTS,
    answer: nothing(201),
    representation: CREATED,
    mayBeAsync: true,
    headers: LOCATION,
    refusals: [
      'auth.learner_scope',
      'enrollment.training',
      'enrollment.unknown_course',
      'enrollment.unknown_learner',
      'enrollment.inactive_learner',
      'enrollment.retired_course',
      ...REFUSED_TERMS,
      'request.too_many_pairs',
      'operation.state',
      'server.busy',
      'server.stopping',
      'server.unfinished',
    ],
    rebuild: (ctx: Context, operationId) => replyAgain(ctx, operationId, CREATED, handlingOf(ctx)),
    run: async (ctx: Context, { body }) => {
      const { learnerIds, courseIds } = body;
      const handling = handlingOf(ctx);
      const terms = readTerms(body);
      const receipt = await enrollments.enroll(ctx, { learnerIds, courseIds, terms, ...handling });
      return replyTo(ctx, receipt, CREATED, handling);
    },
  }),
  route({
    ...WRITE,
    path: '/enrollment/{enrollmentId}',
    operationId: 'EditEnrollment',
    summary: 'Replace access date, due date and lock of an enrollment',
    description: 'Progress stays. Terms that are just the same change nothing. Location names the operation.',
    params: object({ enrollmentId: uuid() }),
    body: EnrollmentTerms,
    formDefaults: FORM_DEFAULTS,
    answer: nothing(200),
    representation: DONE,
    headers: LOCATION,
    refusals: [...REFUSED_TERMS, ...REFUSED_CHANGE],
    run: async (ctx: Context, { params, body }) =>
      replyTo(ctx, await enrollments.edit(ctx, params.enrollmentId, readTerms(body)), DONE),
  }),
  route({
    ...WRITE,
    path: '/enrollment/{enrollmentId}/reenroll',
    operationId: 'ReenrollLearner',
    summary: 'Archive an enrollment and start a new one from scratch',
    description:
      'The new enrollment has an id of its own and nothing learned yet; LEARNERS_ENROLLED_IN_COURSE is sent. Location names the operation.',
    params: object({ enrollmentId: uuid() }),
    body: EnrollmentTerms,
    formDefaults: FORM_DEFAULTS,
    answer: nothing(200),
    representation: DONE,
    headers: LOCATION,
    refusals: [
      ...REFUSED_TERMS,
      ...REFUSED_CHANGE,
      'enrollment.inactive_learner',
      'enrollment.retired_course',
    ],
    run: async (ctx: Context, { params, body }) =>
      replyTo(ctx, await enrollments.reenroll(ctx, params.enrollmentId, readTerms(body)), DONE),
  }),
  route({
    ...WRITE,
    path: '/enrollment/delete',
    operationId: 'DeleteEnrollments',
    summary: 'End enrollments, all or none',
    description:
      'They can no longer be read, and their progress is hidden. Enrolling again starts from scratch. Location names the operation.',
    body: EnrollmentIds,
    bodySize: 'bulk',
    answer: nothing(204),
    representation: DONE,
    mayBeAsync: true,
    headers: LOCATION,
    refusals: [...REFUSED_CHANGE, 'operation.state', 'server.stopping', 'server.unfinished'],
    run: async (ctx: Context, { body }) => replyTo(ctx, await enrollments.end(ctx, body.enrollmentIds), DONE),
  }),
  route({
    ...READ,
    method: 'GET',
    path: '/enrollment',
    operationId: 'GetEnrollments',
    summary: 'Every enrollment the caller may see',
    query: object(filter),
    answer: manyUnpaged(EnrollmentInfo, { xmlItem: 'enrollment' }),
    refusals: UNKNOWN,
    run: async (ctx: Context, { query }) => toWirePages(await listFor(ctx, query)),
  }),
  route({
    ...READ,
    method: 'GET',
    path: '/enrollments',
    operationId: 'ListEnrollments',
    summary: 'Enrollments in order of creation, page by page',
    description:
      'Tokens never expire. The header Rollbook-Resume-Token says on every page where to go on later; whoever does sees each enrollment once, those in flight included.',
    query: PageFilter,
    answer: pageAnswer,
    headers: RESUME,
    refusals: [...UNKNOWN, 'request.page_token'],
    run: (ctx: Context, { query }) => pageOf(ctx, query),
  }),
  route({
    ...READ,
    method: 'POST',
    path: '/enrollments',
    operationId: 'ListEnrollmentsByBody',
    keyless: 'read',
    summary: 'Enrollments page by page, with the filter in the body',
    body: PageFilter,
    bodySize: 'bulk',
    answer: pageAnswer,
    headers: RESUME,
    refusals: [...UNKNOWN, 'request.page_token'],
    run: (ctx: Context, { body }) => pageOf(ctx, body),
  }),
  route({
    ...READ,
    method: 'GET',
    path: '/enrollment/{enrollmentId}',
    operationId: 'GetEnrollment',
    summary: 'One enrollment',
    params: object({ enrollmentId: uuid() }),
    answer: one(EnrollmentInfo, { xmlItem: 'enrollment' }),
    refusals: ['enrollment.unknown', 'auth.enrollment_scope'],
    run: async (ctx: Context, { params }) => toWire(await findFor(ctx, params.enrollmentId)),
  }),
  ...outcomeRoutes,
  ...undoRoutes(enrollments),
];
