import { type Context, type Reach, reachOf } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import type { EnrollmentKey } from '../kernel/ids.ts';
import { keysOf } from './addressed.ts';
import * as queries from './history-queries.ts';
import { explain, type Reasons, reasonsOf, type Words } from './history-rules.ts';

/** One enrollment through time: what happened to it, and why it is as it is. */

/** Versions read at a time. */
const AT_ONCE = 500;

interface Addressed {
  readonly key: EnrollmentKey;
  readonly reach: Reach;
  readonly subject: queries.Subject;
}

/** An enrollment, current or ended. An unknown id is 400 for callers who see the whole account; for others it is as a foreign one: 403. */
async function addressed(ctx: Context, id: string): Promise<Addressed> {
  const reach = reachOf(ctx.caller, 'enrollment.read');
  const { accountId } = ctx.caller;
  const keys = keysOf(accountId, [id]);
  const subject = await ctx.read((tx) => queries.findSubject(tx, accountId, keys, reach));
  const [key] = keys;
  if (key && subject) return { key, reach, subject };
  return refuse(reach === 'everyone' ? 'enrollment.unknown' : 'auth.enrollment_scope', { ids: id });
}

/** Every version of an enrollment in order, page after page, each its own statement. Refuses as a single read does. */
export async function versionsOf(ctx: Context, id: string): Promise<AsyncGenerator<queries.Version[]>> {
  return versions(ctx, (await addressed(ctx, id)).key);
}

async function* versions(ctx: Context, key: EnrollmentKey): AsyncGenerator<queries.Version[]> {
  let after: queries.VersionPlace | null = null;
  for (;;) {
    const page: queries.Version[] = await ctx.read((tx) => queries.versionsAfter(tx, key, after, AT_ONCE));
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (!last || page.length < AT_ONCE) return;
    after = { recordedAt: last.recordedAt, chunk: last.begun.chunk };
  }
}

/** Why somebody is enrolled, and why until then. */
export interface Why extends queries.Subject, Reasons {
  readonly words: Words;
}

/** Why an enrollment is, or was, and why its dates are what they are. Refuses as a single read does. */
export async function whyOf(ctx: Context, id: string): Promise<Why> {
  const { key, reach, subject } = await addressed(ctx, id);
  const reasons = await reasonsOf(versions(ctx, key));
  const { enrolled, decided, last } = reasons;
  const people = [enrolled.begun, decided.begun, last.begun, last.over?.by].flatMap(
    (by) => by?.actorId ?? [],
  );
  const names = await ctx.read((tx) =>
    queries.namesFor(tx, key.accountId, reach, [subject.learnerId, ...people], subject.itemId),
  );
  return { ...subject, ...reasons, words: explain(subject, reasons, names, ctx.now) };
}
