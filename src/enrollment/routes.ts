import type { Context } from '../access/index.ts';
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
  optional,
  text,
  uuid,
} from '../http/wire.ts';
import { toDateText, toInstantText } from '../kernel/dates.ts';
import type { Enrollments } from './enroll.ts';
import {
  EnrollmentTerms,
  enrollRoutes,
  FORM_DEFAULTS,
  LOCATION,
  REFUSED_TERMS,
  readTerms,
} from './enroll-routes.ts';
import { historyRoutes } from './history-routes.ts';
import { findFor, type ListedEnrollment, listFor, pageFor } from './list.ts';
import { outcomeRoutes, replyTo, written } from './outcome-routes.ts';
import { undoRoutes } from './undo-routes.ts';
import { unlockRoutes } from './unlock-routes.ts';

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

const EnrollmentIds = object({ enrollmentIds: idSet({ min: 1 }) }, 'EnrollmentIds');

const asOf = about(
  'What was current then, as it was recorded; a date is the beginning of that day',
  instant(),
);

const filter = {
  courseIds: optional(ids()),
  learnerIds: optional(ids()),
  enrollmentIds: optional(ids()),
  asOf: optional(asOf),
};

type ListInput = Infer<typeof PageFilter>;
const PageFilter = object({ ...filter, ...pageMembers });

async function* toWirePages(
  pages: AsyncIterable<ListedEnrollment[]>,
): AsyncGenerator<Infer<typeof EnrollmentInfo>[]> {
  for await (const enrollments of pages) yield enrollments.map(toWire);
}

async function pageOf(ctx: Context, input: ListInput): Promise<Reply<Page<Infer<typeof EnrollmentInfo>>>> {
  const { asOf, ...wanted } = input;
  const found = await pageFor(ctx, { ...wanted, asOf: asOf?.at }, sizeOf(input.pageSize), input.pageToken);
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

const DONE = written(200);
const WRITE = {
  tag: 'enrollment',
  may: 'enrollment.write',
  method: 'POST',
  rebuild: (ctx: Context, operationId: string) => replyTo(ctx, { operationId }, DONE),
} as const;
const REFUSED_CHANGE = ['enrollment.unknown', 'auth.enrollment_scope', 'server.busy'] as const;

export const enrollmentRoutes = (enrollments: Enrollments): readonly Route<Context>[] => [
  ...enrollRoutes(enrollments),
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
    run: async (ctx: Context, { query }) =>
      toWirePages(await listFor(ctx, { ...query, asOf: query.asOf?.at })),
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
    query: object({ asOf: optional(asOf) }),
    answer: one(EnrollmentInfo, { xmlItem: 'enrollment' }),
    refusals: ['enrollment.unknown', 'auth.enrollment_scope'],
    run: async (ctx: Context, { params, query }) =>
      toWire(await findFor(ctx, params.enrollmentId, query.asOf?.at)),
  }),
  ...historyRoutes,
  ...outcomeRoutes,
  ...undoRoutes(enrollments),
  ...unlockRoutes,
];
