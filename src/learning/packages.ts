import type { Context } from '../access/index.ts';
import { findPackage, type Manifest } from '../files/index.ts';
import { refuse } from '../kernel/errors.ts';
import { recordPackage } from '../results/index.ts';
import { type MaterialPlace, type MyMaterial, readMaterial } from './material.ts';
import * as queries from './package-queries.ts';
import { type Attempt, readAttemptText, reportOf } from './package-rules.ts';

/** Packages that the caller has opened: what they find again, and what they say. */

export type { Attempt };

export interface OpenPackage {
  readonly manifest: Manifest;
  readonly learnerId: string;
  readonly learnerName: string;
  readonly attempt: Attempt | null;
}

const keyOf = (ctx: Context, { itemId, moduleId, file }: MyMaterial): queries.AttemptKey => ({
  learnerId: ctx.caller.userId,
  itemId,
  moduleId,
  fileId: file.fileId,
});

/** What a package is given when it opens. Refuses `learning.unknown` for what is none. */
export function readAttempt(ctx: Context, material: MyMaterial): Promise<OpenPackage> {
  const { accountId, userId } = ctx.caller;
  return ctx.read(async (tx) => {
    const manifest = await findPackage(tx, accountId, material.file.fileId);
    if (!manifest) return refuse('learning.unknown');
    return {
      manifest,
      learnerId: userId,
      ...(await queries.findAttempt(tx, accountId, keyOf(ctx, material))),
    };
  });
}

/** Records what a package says, and keeps what it wants to find again. Refuses as {@link readMaterial}, and bad data (400). */
export async function keepAttempt(ctx: Context, place: MaterialPlace, text: string): Promise<void> {
  const material = await readMaterial(ctx, place);
  const { accountId } = ctx.caller;
  const { manifest } = await readAttempt(ctx, material);
  const attempt = readAttemptText(text);
  await recordPackage(ctx, place.enrollmentId, {
    moduleId: place.moduleId ?? undefined,
    report: reportOf(manifest.version, attempt),
    keep: (tx) => queries.saveAttempt(tx, accountId, keyOf(ctx, material), attempt, ctx.now),
  });
}
