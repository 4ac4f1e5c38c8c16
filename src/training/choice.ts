import { participantRemoved, participantsAdded, recordEvents } from '../events/index.ts';
import type { TransactionHandler } from '../jobs/index.ts';
import { toInstantText } from '../kernel/dates.ts';
import { refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { type ReadTx, violatedConstraint, type WriteTx } from '../storage/index.ts';
import * as queries from './choice-queries.ts';
import {
  cancellationEnds,
  objectionToChoosing,
  objectionToLeaving,
  overlaps,
  registrationEnds,
} from './choice-rules.ts';
import { findTraining, type Session, selectSessions, type Training } from './queries.ts';
import { startOf } from './rules.ts';
import { deleteSeats, insertSeats, type SeatedSession } from './seat-queries.ts';

/**
 * What learners do themselves: choose a session of a training, switch, leave, wait. Whether they may have the training at
 * all is for the caller to say. A seat is a row that the database lets exist once; nothing here counts and hopes.
 */

export interface Chooser {
  readonly accountId: number;
  readonly userId: string;
  readonly now: Date;
}

/**
 * Gives the chooser a seat in a session, and gives up the one they had in another of the training: both, or neither. Refuses
 * an unknown session (404), one that has begun or whose deadline is over, an old seat that cannot be left, a full session (409).
 */
export async function chooseSession(
  tx: WriteTx,
  who: Chooser,
  trainingId: string,
  sessionId: string,
): Promise<void> {
  const { accountId, userId, now } = who;
  await queries.lockChooser(tx, accountId, userId);
  const seat = await queries.findOwnSeat(tx, accountId, trainingId, userId);
  if (seat?.sessionId === sessionId) return;
  const wanted = seat ? [seat.sessionId, sessionId] : [sessionId];
  const sessions = await queries.lockSessions(tx, accountId, trainingId, wanted);
  const session = choosable(sessions.get(sessionId), now);
  const old = seat && sessions.get(seat.sessionId);
  if (seat && old) await giveUp(tx, who, { ...seat, session: old });
  await seatIn(tx, who, session);
  await queries.deleteWaiting(tx, accountId, trainingId, [userId]);
  if (old) await promote(tx, accountId, old, now);
}

function choosable(session: queries.ChoosableSession | undefined, now: Date): queries.ChoosableSession {
  if (!session) return refuse('training.unknown_session');
  const objection = objectionToChoosing(session.startsAt, session, now);
  if (objection === 'started') refuse('training.started');
  if (objection)
    refuse('training.registration_closed', { at: textOf(registrationEnds(session.startsAt, session)) });
  return session;
}

const textOf = (at: Date | null): string => (at ? toInstantText(at) : '');

async function giveUp(
  tx: WriteTx,
  { accountId, userId, now }: Chooser,
  seat: queries.OwnSeat & { readonly session: queries.ChoosableSession },
): Promise<void> {
  const { session } = seat;
  const objection = objectionToLeaving({ ...seat, startsAt: session.startsAt }, session, now);
  if (objection === 'cancellation_closed')
    refuse('training.cancellation_closed', { at: textOf(cancellationEnds(session.startsAt, session)) });
  if (objection) refuse(`training.${objection}`);
  await deleteSeats(tx, accountId, session.sessionId, [userId]);
  await recordEvents(tx, accountId, [participantRemoved(session, userId)], now);
}

async function seatIn(
  tx: WriteTx,
  { accountId, userId, now }: Chooser,
  session: queries.ChoosableSession,
): Promise<void> {
  const seats = [{ seatId: newId(), userId }];
  try {
    const seated = await insertSeats(tx, accountId, session, seats, { by: 'learner', at: now });
    await recordEvents(tx, accountId, participantsAdded(session, seated), now);
  } catch (error) {
    if (violatedConstraint(error) === 'training_seat_limit')
      refuse('training.session_full', { seats: session.seatLimit });
    throw error;
  }
}

/** Gives up the chooser's seat in a training; having none is no fault. Refuses as {@link chooseSession} does of an old seat. */
export async function leaveSession(tx: WriteTx, who: Chooser, trainingId: string): Promise<void> {
  const { accountId, userId, now } = who;
  await queries.lockChooser(tx, accountId, userId);
  const seat = await queries.findOwnSeat(tx, accountId, trainingId, userId);
  if (!seat) return;
  const session = (await queries.lockSessions(tx, accountId, trainingId, [seat.sessionId])).get(
    seat.sessionId,
  );
  if (!session) return;
  await giveUp(tx, who, { ...seat, session });
  await promote(tx, accountId, session, now);
}

/**
 * Puts the chooser on the list of a full session; true if there was a seat after all, which they have then. Who has a seat in the training waits
 * for none: refuses `training.has_seat`.
 */
export async function waitFor(
  tx: WriteTx,
  who: Chooser,
  trainingId: string,
  sessionId: string,
): Promise<boolean> {
  const { accountId, userId, now } = who;
  await queries.lockChooser(tx, accountId, userId);
  if (await queries.findOwnSeat(tx, accountId, trainingId, userId)) refuse('training.has_seat');
  const sessions = await queries.lockSessions(tx, accountId, trainingId, [sessionId]);
  const session = choosable(sessions.get(sessionId), now);
  await queries.insertWaiting(tx, accountId, session, userId, now);
  await promote(tx, accountId, session, now);
  return (await queries.findOwnSeat(tx, accountId, trainingId, userId)) !== null;
}

/** Takes the chooser off the waiting list of a training. */
export async function stopWaiting(tx: WriteTx, who: Chooser, trainingId: string): Promise<void> {
  await queries.lockChooser(tx, who.accountId, who.userId);
  await queries.deleteWaiting(tx, who.accountId, trainingId, [who.userId]);
}

/** Gives free seats of a locked session to who waits for them, in order, as long as it has not begun. */
async function promote(
  tx: WriteTx,
  accountId: number,
  session: SeatedSession & { readonly startsAt: Date | null },
  now: Date,
): Promise<void> {
  if (session.startsAt && now >= session.startsAt) return;
  for (;;) {
    const next = await queries.nextInLine(tx, accountId, session, now);
    if (next.length === 0) return;
    const seats = next.map((userId) => ({ seatId: newId(), userId }));
    const seated = await insertSeats(tx, accountId, session, seats, { by: 'learner', at: now });
    await queries.deleteWaiting(tx, accountId, session.trainingId, seated);
    await recordEvents(tx, accountId, participantsAdded(session, seated), now);
    // Whoever chose another session at this moment is passed over, and has a seat now: there may be somebody behind them.
    if (seated.length === next.length) return;
  }
}

/** The same after seats were taken away by somebody else. */
export async function promoteIn(
  tx: WriteTx,
  accountId: number,
  { trainingId, sessionId }: Pick<SeatedSession, 'trainingId' | 'sessionId'>,
  now: Date,
): Promise<void> {
  const session = (await queries.lockSessions(tx, accountId, trainingId, [sessionId])).get(sessionId);
  if (session) await promote(tx, accountId, session, now);
}

/** The job after somebody was deleted who had a seat. */
export const seatsFreed: TransactionHandler = {
  concurrency: 1,
  maxAttempts: 20,
  backoff: { firstMs: 1_000, longestMs: 60_000 },
  runIn: async (tx, { accountId, payload }, now) => {
    const { trainingId, sessionId } = payload as { trainingId: string; sessionId: string };
    await promoteIn(tx, accountId, { trainingId, sessionId }, now);
  },
};

/** A session as a learner may choose it. */
export interface OfferedSession extends Session, queries.Occupancy {
  readonly isOwn: boolean;
  /** Why it cannot be chosen any more; a full one can be waited for. */
  readonly objection: ReturnType<typeof objectionToChoosing>;
  readonly registrationEnds: Date | null;
  /** Titles of other trainings in which the learner has a seat at the same time. */
  readonly clashes: readonly string[];
}

export interface Offer {
  readonly training: Training;
  readonly sessions: readonly OfferedSession[];
  /** Why the seat there is cannot be given up; null where it can, or there is none. */
  readonly leaveObjection: ReturnType<typeof objectionToLeaving>;
  readonly cancellationEnds: Date | null;
}

/** What somebody can choose of a training, sessions in order of their start; null when there is no such training. */
export async function offerOf(tx: ReadTx, who: Chooser, trainingId: string): Promise<Offer | null> {
  const { accountId, userId, now } = who;
  const training = await findTraining(tx, accountId, trainingId);
  if (!training) return null;
  const sessions = await selectSessions(tx, accountId, { trainingId });
  const occupancy = await queries.occupancyOf(tx, accountId, trainingId, userId);
  const seat = await queries.findOwnSeat(tx, accountId, trainingId, userId);
  const others = await queries.otherDaysOf(tx, accountId, userId, trainingId);
  const offered = sessions.flatMap((session): OfferedSession[] => {
    const known = occupancy.get(session.sessionId);
    if (!known) return [];
    const startsAt = startOf(session.days);
    return [
      {
        ...session,
        ...known,
        isOwn: seat?.sessionId === session.sessionId,
        objection: objectionToChoosing(startsAt, training, now),
        registrationEnds: registrationEnds(startsAt, training),
        clashes: [
          ...new Set(
            others
              .filter((other) => session.days.some((day) => overlaps(day, other)))
              .map(({ title }) => title),
          ),
        ],
      },
    ];
  });
  const own = offered.find(({ isOwn }) => isOwn);
  const startsAt = own ? startOf(own.days) : null;
  return {
    training,
    sessions: offered.sort((one, other) => instantOf(one) - instantOf(other)),
    leaveObjection: seat && objectionToLeaving({ ...seat, startsAt }, training, now),
    cancellationEnds: own ? cancellationEnds(startsAt, training) : null,
  };
}

const instantOf = ({ days }: Session): number => startOf(days)?.getTime() ?? Number.MAX_SAFE_INTEGER;
