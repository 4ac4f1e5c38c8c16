import type { Context } from '../access/index.ts';
import type { ContentType } from '../content/index.ts';
import { isLocked } from '../enrollment/index.ts';
import { findFile, type StoredFile } from '../files/index.ts';
import { toInstantText } from '../kernel/dates.ts';
import { refuse } from '../kernel/errors.ts';
import { readEnrollmentId } from '../kernel/ids.ts';
import type { Progress } from '../progress/index.ts';
import type { ReadTx } from '../storage/index.ts';
import * as queries from './queries.ts';

/** The file of a material that the caller is enrolled in, while that is open, and once they have opened it. */

/** Which: what the enrollment is in itself, or a module of it. */
export interface MaterialPlace {
  readonly enrollmentId: string;
  readonly moduleId: string | null;
}

export interface MyMaterial extends MaterialPlace {
  readonly title: string;
  readonly contentType: ContentType;
  readonly progress: Progress;
  readonly file: StoredFile;
  /** The course that it is a module of, or the material itself. */
  readonly itemId: string;
  /** Of the learning track that the enrollment is in. */
  readonly courseId: string | null;
}

type Found = Omit<MyMaterial, 'file' | keyof MaterialPlace> & { readonly fileId: string | null };

/**
 * Refuses `learning.unknown` for what is no current enrollment of the caller, has no file, or was not opened in this
 * term, since what is seen is to be known; and what is not open yet or locked.
 */
export async function readMaterial(ctx: Context, place: MaterialPlace): Promise<MyMaterial> {
  const { accountId, userId } = ctx.caller;
  const key = readEnrollmentId(place.enrollmentId);
  if (key?.accountId !== accountId) return refuse('learning.unknown');
  return ctx.read(async (tx) => {
    const own = await queries.findWindow(tx, accountId, userId, key, false);
    if (!own) return refuse('learning.unknown');
    if (ctx.now < own.accessAt) refuse('progress.not_open', { access: toInstantText(own.accessAt) });
    if (isLocked(own, ctx.now)) refuse('progress.locked', { due: toInstantText(own.dueAt ?? ctx.now) });
    const found = await findIn(tx, ctx, own.itemId, place);
    if (!found?.fileId || found.progress.status === 'not_started') return refuse('learning.unknown');
    const file = await findFile(tx, accountId, found.fileId);
    return file ? { ...place, ...found, file } : refuse('learning.unknown');
  });
}

async function findIn(
  tx: ReadTx,
  { caller: { accountId, userId } }: Context,
  itemId: string,
  { enrollmentId, moduleId }: MaterialPlace,
): Promise<Found | null> {
  if (moduleId !== null) {
    const part = await queries.findFilePart(tx, accountId, userId, itemId, moduleId);
    return (
      part && { ...part, itemId: part.courseId, courseId: part.courseId === itemId ? null : part.courseId }
    );
  }
  const [own] = await queries.learningOf(tx, accountId, userId, readEnrollmentId(enrollmentId));
  return own ? { ...own, courseId: null } : null;
}
