import type { Context } from '../access/index.ts';
import { afterToken, pageMembers, sizeOf, toPage } from '../http/paging.ts';
import { createdId, manyUnpaged, nothing, one, page, type Route, route } from '../http/route.ts';
import { about, ids, instant, integer, list, object, optional, text, uuid } from '../http/wire.ts';
import { inZone } from '../kernel/local-time.ts';
import type { Day, Session, Training } from './queries.ts';
import { spanOf, startOf } from './rules.ts';
import * as seats from './seats.ts';
import * as trainings from './trainings.ts';

const TrainingInfo = object({ title: text(), organizer: uuid(), sessions: ids(), type: text() }, 'Training');

const SessionInfo = object(
  {
    id: uuid(),
    title: text(),
    startTime: optional(text()),
    duration: about('Seconds', integer()),
    instructor: optional(uuid()),
    dayIds: ids(),
  },
  'TrainingSession',
);

const DayInfo = object(
  {
    dayId: uuid(),
    sessionId: uuid(),
    trainingId: uuid(),
    startTime: text(),
    duration: about('Seconds', integer()),
    location: optional(text()),
    url: optional(text()),
  },
  'Day',
);

const toTraining = (training: Training, sessions: readonly Session[]) => ({
  title: training.title,
  organizer: training.organizerId,
  sessions: sessions.map((session) => session.sessionId),
  type: training.trainingType,
});

function toSession(session: Session) {
  const start = startOf(session.days);
  return {
    id: session.sessionId,
    title: session.title,
    startTime: start ? inZone(start, session.timeZone) : undefined,
    duration: spanOf(session.days),
    instructor: session.instructorId ?? undefined,
    dayIds: session.days.map((day) => day.dayId),
  };
}

const toDay = (session: Session, day: Day) => ({
  dayId: day.dayId,
  sessionId: session.sessionId,
  trainingId: session.trainingId,
  startTime: inZone(day.startsAt, session.timeZone),
  duration: day.durationSeconds,
  location: day.location ?? undefined,
  url: day.url ?? undefined,
});

const byId = object({ id: uuid() });
const users = object({ userIds: ids({ min: 1 }) });
const MAX_HOURS = 87_600;
const YEAR_S = 366 * 86_400;
const READ = { tag: 'training', may: 'training.read' } as const;
const WRITE = { tag: 'training', may: 'training.write' } as const;
/** A seat is given by whoever may enroll the user. */
const SEATS = { tag: 'training', may: 'enrollment.write' } as const;
const USER_REFUSALS = ['auth.learner_scope', 'training.unknown_session', 'people.unknown_users'] as const;
const MAX_URL = 2_000;

export const trainingRoutes: readonly Route<Context>[] = [
  route({
    ...WRITE,
    method: 'POST',
    path: '/training',
    operationId: 'CreateTraining',
    summary: 'Create a training',
    body: object({
      title: text({ min: 1, max: 500 }),
      organizer: optional(uuid()),
      type: optional(text({ max: 100 })),
      timeZone: optional(about('IANA name; UTC if left out', text({ max: 100 }))),
      registrationDeadlineHours: optional(integer({ min: 0, max: MAX_HOURS })),
      cancellationDeadlineHours: optional(integer({ min: 0, max: MAX_HOURS })),
    }),
    answer: createdId(),
    refusals: ['people.unknown_users'],
    run: (ctx: Context, { body }) => trainings.createTraining(ctx, body),
  }),
  route({
    ...WRITE,
    method: 'POST',
    path: '/training/{id}/sessions',
    operationId: 'AddTrainingSession',
    summary: 'Add a session with its days to a training',
    params: byId,
    body: object({
      title: text({ min: 1, max: 500 }),
      instructor: optional(uuid()),
      capacity: optional(integer({ min: 1, max: 1_000_000 })),
      days: list(
        object({
          startTime: instant(),
          duration: integer({ min: 1, max: YEAR_S }),
          location: optional(text({ max: 500 })),
          url: optional(about('http or https', text({ max: MAX_URL }))),
        }),
        { item: 'day', min: 1, max: 366 },
      ),
    }),
    answer: createdId(),
    refusals: ['training.unknown', 'people.unknown_users'],
    run: (ctx: Context, { params, body }) =>
      trainings.addSession(ctx, params.id, {
        title: body.title,
        instructor: body.instructor,
        capacity: body.capacity,
        days: body.days.map((day) => ({
          startsAt: day.startTime.at,
          durationSeconds: day.duration,
          location: day.location,
          url: day.url,
        })),
      }),
  }),
  route({
    ...READ,
    method: 'GET',
    path: '/training/{id}',
    operationId: 'GetTraining',
    summary: 'One training',
    params: byId,
    answer: one(TrainingInfo, { xmlItem: 'training' }),
    refusals: ['training.unknown'],
    run: async (ctx: Context, { params }) => {
      const { training, sessions } = await trainings.readTraining(ctx, params.id);
      return toTraining(training, sessions);
    },
  }),
  route({
    ...READ,
    method: 'GET',
    path: '/training/{id}/sessions',
    operationId: 'GetTrainingSessions',
    summary: 'The sessions of a training',
    params: byId,
    answer: manyUnpaged(SessionInfo, { xmlItem: 'trainingSession' }),
    refusals: ['training.unknown'],
    run: async (ctx: Context, { params }) =>
      (await trainings.readTraining(ctx, params.id)).sessions.map(toSession),
  }),
  route({
    ...READ,
    method: 'GET',
    path: '/training/session/{id}',
    operationId: 'GetTrainingSession',
    summary: 'One session',
    params: byId,
    answer: one(SessionInfo, { xmlItem: 'trainingSession' }),
    refusals: ['training.unknown_session'],
    run: async (ctx: Context, { params }) => toSession(await trainings.readSession(ctx, params.id)),
  }),
  route({
    ...READ,
    method: 'GET',
    path: '/training/day/{id}',
    operationId: 'GetTrainingDay',
    summary: 'One day of a session',
    params: byId,
    answer: one(DayInfo, { xmlItem: 'day' }),
    refusals: ['training.unknown_day'],
    run: async (ctx: Context, { params }) => {
      const { session, day } = await trainings.readDay(ctx, params.id);
      return toDay(session, day);
    },
  }),
  route({
    ...READ,
    method: 'POST',
    path: '/training/day/{id}',
    operationId: 'UpdateTrainingDay',
    summary: 'Change the link of a day',
    // The contract lets everybody who may view a training do this.
    description: 'An empty url takes the link away.',
    params: byId,
    body: object({ url: about('http or https', text({ max: MAX_URL })) }),
    answer: nothing(200),
    refusals: ['training.unknown_day'],
    run: (ctx: Context, { params, body }) => trainings.setDayUrl(ctx, params.id, body.url),
  }),
  route({
    ...SEATS,
    may: 'enrollment.read',
    method: 'GET',
    path: '/training/session/participants/{sessionId}',
    operationId: 'ListSessionParticipants',
    summary: 'Who has a seat in a session, page by page',
    params: object({ sessionId: uuid() }),
    query: object(pageMembers),
    answer: page(uuid(), { key: 'participants', xmlItem: 'id' }),
    refusals: ['training.unknown_session', 'request.page_token'],
    run: async (ctx: Context, { params, query }) => {
      const size = sizeOf(query.pageSize);
      const after = afterToken(query.pageToken);
      const rows = await seats.listParticipants(ctx, params.sessionId, after, size + 1);
      const { items, nextPageToken } = toPage(rows, size, (seat) => seat.seatId);
      return { items: items.map((seat) => seat.userId), nextPageToken };
    },
  }),
  route({
    ...SEATS,
    method: 'POST',
    path: '/training/session/{id}/participants',
    operationId: 'AddSessionParticipants',
    summary: 'Give users seats in a session; all of them or none',
    params: byId,
    body: users,
    answer: nothing(200),
    refusals: [
      ...USER_REFUSALS,
      'training.inactive_users',
      'training.session_full',
      'training.other_session',
    ],
    run: (ctx: Context, { params, body }) => seats.addParticipants(ctx, params.id, body.userIds),
  }),
  route({
    ...SEATS,
    method: 'POST',
    path: '/training/session/{id}/participants/remove',
    operationId: 'RemoveSessionParticipants',
    summary: 'Take the seats of users in a session away',
    params: byId,
    body: users,
    answer: nothing(200),
    refusals: USER_REFUSALS,
    run: (ctx: Context, { params, body }) => seats.removeParticipants(ctx, params.id, body.userIds),
  }),
];
