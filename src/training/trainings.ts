import { type Context, reachOf } from '../access/index.ts';
import { meetingEvent, recordEvents } from '../events/index.ts';
import { listIds, refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { requireWebLink } from '../kernel/links.ts';
import { isTimeZone } from '../kernel/local-time.ts';
import type { ReadTx } from '../storage/index.ts';
import * as queries from './queries.ts';
import { sessionOfDay } from './seat-queries.ts';

export interface TrainingInput {
  readonly title: string;
  readonly organizer?: string | undefined;
  readonly type?: string | undefined;
  readonly timeZone?: string | undefined;
  readonly registrationDeadlineHours?: number | undefined;
  readonly cancellationDeadlineHours?: number | undefined;
}

/** Makes a training; returns its id. The organizer is the caller unless named. Refuses an unknown zone or user (400). */
export function createTraining(ctx: Context, input: TrainingInput): Promise<string> {
  reachOf(ctx.caller, 'training.write');
  const timeZone = input.timeZone ?? 'UTC';
  if (!isTimeZone(timeZone))
    refuse('request.invalid', { field: 'timeZone', detail: `is no time zone: ${timeZone.slice(0, 100)}` });
  const training = {
    trainingId: newId(),
    title: input.title,
    organizerId: input.organizer ?? ctx.caller.userId,
    trainingType: input.type ?? '',
    timeZone,
    registrationDeadlineHours: input.registrationDeadlineHours ?? null,
    cancellationDeadlineHours: input.cancellationDeadlineHours ?? null,
  };
  return ctx.write(async (tx) => {
    await refuseUnknownUser(tx, ctx.caller.accountId, training.organizerId, 'organizer');
    await queries.insertTraining(tx, ctx.caller.accountId, training, ctx.now);
    return training.trainingId;
  });
}

export interface SessionInput {
  readonly title: string;
  readonly instructor?: string | undefined;
  readonly capacity?: number | undefined;
  readonly days: readonly {
    readonly startsAt: Date;
    readonly durationSeconds: number;
    readonly location?: string | undefined;
    readonly url?: string | undefined;
  }[];
}

/** Adds a session with its days to a training; returns its id. Refuses bad links, unknown instructors (400). */
export function addSession(ctx: Context, trainingId: string, input: SessionInput): Promise<string> {
  reachOf(ctx.caller, 'training.write');
  const { accountId } = ctx.caller;
  for (const [place, { url }] of input.days.entries()) if (url) requireWebLink(`days[${place}].url`, url);
  const sessionId = newId();
  const days = input.days.map((day) => ({
    dayId: newId(),
    sessionId,
    startsAt: day.startsAt,
    durationSeconds: day.durationSeconds,
    location: day.location ?? null,
    url: day.url || null,
  }));
  return ctx.write(async (tx) => {
    if (!(await queries.findTraining(tx, accountId, trainingId))) refuse('training.unknown');
    if (input.instructor) await refuseUnknownUser(tx, accountId, input.instructor, 'instructor');
    await queries.insertSession(tx, accountId, {
      sessionId,
      trainingId,
      title: input.title,
      instructorId: input.instructor ?? null,
      capacity: input.capacity ?? null,
      days,
    });
    const added = days.map(({ dayId }) => meetingEvent('ADDED', { trainingId, sessionId }, dayId));
    await recordEvents(tx, accountId, added, ctx.now);
    return sessionId;
  });
}

async function refuseUnknownUser(
  tx: ReadTx,
  accountId: number,
  userId: string,
  field: string,
): Promise<void> {
  const unknown = await queries.unknownUsers(tx, accountId, [userId]);
  if (unknown.length > 0) refuse('people.unknown_users', { field, ids: listIds(unknown) });
}

/** A training and the sessions it has. */
export function readTraining(
  ctx: Context,
  trainingId: string,
): Promise<{ training: queries.Training; sessions: queries.Session[] }> {
  reachOf(ctx.caller, 'training.read');
  const { accountId } = ctx.caller;
  return ctx.read(async (tx) => {
    const training = (await queries.findTraining(tx, accountId, trainingId)) ?? refuse('training.unknown');
    return { training, sessions: await queries.selectSessions(tx, accountId, { trainingId }) };
  });
}

export async function readSession(ctx: Context, sessionId: string): Promise<queries.Session> {
  reachOf(ctx.caller, 'training.read');
  const [session] = await ctx.read((tx) => queries.selectSessions(tx, ctx.caller.accountId, { sessionId }));
  return session ?? refuse('training.unknown_session');
}

export async function readDay(
  ctx: Context,
  dayId: string,
): Promise<{ session: queries.Session; day: queries.Day }> {
  reachOf(ctx.caller, 'training.read');
  const [session] = await ctx.read((tx) => queries.selectSessions(tx, ctx.caller.accountId, { dayId }));
  const day = session?.days.find((candidate) => candidate.dayId === dayId);
  return session && day ? { session, day } : refuse('training.unknown_day');
}

/** Gives a day another link, or none; every caller who may view a training may (contract, behaviour 9). */
export async function setDayUrl(ctx: Context, dayId: string, url: string): Promise<void> {
  reachOf(ctx.caller, 'training.read');
  if (url !== '') requireWebLink('url', url);
  const { accountId } = ctx.caller;
  await ctx.write(async (tx) => {
    const session = (await sessionOfDay(tx, accountId, dayId)) ?? refuse('training.unknown_day');
    if (await queries.updateDayUrl(tx, accountId, dayId, url || null))
      await recordEvents(tx, accountId, [meetingEvent('UPDATED', session, dayId)], ctx.now);
  });
}
