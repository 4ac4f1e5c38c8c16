import type { Context } from '../access/index.ts';
import { isLocked } from '../enrollment/index.ts';
import { toInstantText } from '../kernel/dates.ts';
import { refuse } from '../kernel/errors.ts';
import { readEnrollmentId } from '../kernel/ids.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import {
  type Chooser,
  chooseSession,
  leaveSession,
  type Offer,
  offerOf,
  stopWaiting,
  waitFor,
} from '../training/index.ts';
import * as queries from './queries.ts';

/** Choosing a session of a training that is part of something the caller is enrolled in, while that is open. */

/** Which training: that of a module of an enrollment's course, or of a course of its learning track. */
export interface TrainingModule {
  readonly enrollmentId: string;
  readonly moduleId: string;
}

export interface MyOffer extends Offer {
  readonly moduleTitle: string;
  /** The course that the module is part of. */
  readonly courseId: string;
  /** Whether the course comes through a learning track. */
  readonly isInTrack: boolean;
}

/** What can be chosen. Refuses `learning.unknown`, and what is not open yet or locked. */
export function readOffer(ctx: Context, module: TrainingModule): Promise<MyOffer> {
  return ctx.read(async (tx) => {
    const part = await trainingOf(tx, ctx, module, false);
    const offer = (await offerOf(tx, chooserOf(ctx), part.trainingId)) ?? refuse('learning.unknown');
    return { ...offer, moduleTitle: part.title, courseId: part.courseId, isInTrack: part.isInTrack };
  });
}

const chooserOf = ({ caller: { accountId, userId }, now }: Context): Chooser => ({ accountId, userId, now });

/** Chooses or switches, leaves, waits, or stops waiting. Refuses as {@link readOffer}, and as the training module says. */
export const choose = (ctx: Context, module: TrainingModule, sessionId: string): Promise<void> =>
  within(ctx, module, (tx, trainingId) => chooseSession(tx, chooserOf(ctx), trainingId, sessionId));
export const leave = (ctx: Context, module: TrainingModule): Promise<void> =>
  within(ctx, module, (tx, trainingId) => leaveSession(tx, chooserOf(ctx), trainingId));
/** Whether there was a seat after all. */
export const wait = (ctx: Context, module: TrainingModule, sessionId: string): Promise<boolean> =>
  within(ctx, module, (tx, trainingId) => waitFor(tx, chooserOf(ctx), trainingId, sessionId));
export const noLongerWait = (ctx: Context, module: TrainingModule): Promise<void> =>
  within(ctx, module, (tx, trainingId) => stopWaiting(tx, chooserOf(ctx), trainingId));

const within = <T>(
  ctx: Context,
  module: TrainingModule,
  work: (tx: WriteTx, trainingId: string) => Promise<T>,
): Promise<T> => ctx.write(async (tx) => work(tx, (await trainingOf(tx, ctx, module, true)).trainingId));

/** The training behind a module of the caller's own; for a write the enrollment is held, so that it does not end meanwhile. */
async function trainingOf(
  tx: ReadTx,
  ctx: Context,
  { enrollmentId, moduleId }: TrainingModule,
  isHeld: boolean,
): Promise<queries.TrainingPart & { readonly isInTrack: boolean }> {
  const { accountId, userId } = ctx.caller;
  const key = readEnrollmentId(enrollmentId);
  const own =
    key?.accountId === accountId ? await queries.findWindow(tx, accountId, userId, key, isHeld) : null;
  if (!own) return refuse('learning.unknown');
  if (ctx.now < own.accessAt) refuse('progress.not_open', { access: toInstantText(own.accessAt) });
  if (isLocked(own, ctx.now)) refuse('progress.locked', { due: toInstantText(own.dueAt ?? ctx.now) });
  const part = await queries.findTrainingPart(tx, accountId, own.itemId, moduleId);
  return part ? { ...part, isInTrack: part.courseId !== own.itemId } : refuse('learning.unknown');
}
