import type { Notice } from '../mail/index.ts';
import { supervisorsOf } from '../people/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import * as queries from './queries.ts';
import { follow, type Step } from './rules.ts';
import type { Said } from './said.ts';
import { sayAt } from './schedule.ts';
import { stage } from './send.ts';
import { findSettings, timeZoneOf } from './settings-queries.ts';

/** What one job says at most; the rest is another's. A chunk has 10,000 learners at most, and is said whole. */
const AT_ONCE = { rows: 200, learners: 5_000 };

/** One instant of dates, at which something is to be said. */
interface Due {
  readonly terms: queries.DueTerms;
  readonly step: Step;
}

/** Says what is due in an account: whom it concerns is looked up now. */
export async function sayDue(tx: WriteTx, accountId: number, now: Date, maxAgeMs: number): Promise<void> {
  const dates = await queries.lockDue(tx, accountId, now, AT_ONCE);
  // Read when the dates are locked: whoever changes settings has dates looked at again afterwards.
  const settings = await findSettings(tx, accountId);
  const timeZone = await timeZoneOf(tx, accountId);
  const oldest = new Date(now.getTime() - maxAgeMs);
  const followed = dates.map((terms) => ({ terms, ...follow(terms, settings, timeZone, { oldest, now }) }));
  const due = followed.flatMap(({ terms, say }) => say.map((step) => ({ terms, step })));
  const said = await noticesOf(tx, accountId, due, now);
  await stage(tx, accountId, said, now);
  await queries.recordSaid(
    tx,
    accountId,
    followed.map(({ terms: { scheduleId }, nextAt }) => ({ scheduleId, nextAt })),
    now,
  );
  const next = await queries.nextDue(tx, accountId);
  if (next) await sayAt(tx, accountId, next, now);
}

async function noticesOf(tx: ReadTx, accountId: number, due: readonly Due[], now: Date): Promise<Said[]> {
  const concerned = await queries.concernedBy(
    tx,
    accountId,
    due.map(({ terms, step }) => ({
      ...terms,
      at: step.at,
      isAssigned: step.isAssigned,
      isReminder: step.reminders.length > 0,
    })),
    now,
  );
  const escalated = concerned.filter(
    ({ no, isReminder }) => isReminder && due[no]?.step.reminders.some(({ to }) => to !== 'learner'),
  );
  const supervisors = await supervisorsOf(
    tx,
    accountId,
    escalated.map(({ learnerId }) => learnerId),
  );
  return concerned.flatMap((one) => {
    const { terms, step } = due[one.no] as Due;
    return saidOf(one, terms, step, supervisors.get(one.learnerId) ?? []);
  });
}

/** What is said of one learner at one instant: of several reminders of a kind one, as they say the same. */
function saidOf(
  one: queries.Concerned,
  { itemId }: queries.DueTerms,
  { at, reminders }: Step,
  supervisorIds: readonly string[],
): Said[] {
  const { learnerId, dueAt } = one;
  const said: Said[] = [];
  const say = (userId: string, notice: Notice): number => said.push({ userId, notice, at });
  if (one.isAssigned) say(learnerId, { kind: 'assigned', itemId, dueAt });
  if (!one.isReminder || !dueAt) return said;
  for (const kind of ['due_soon', 'overdue'] as const)
    if (reminders.some((reminder) => reminder.kind === kind && reminder.to !== 'supervisor'))
      say(learnerId, { kind, itemId, dueAt });
  if (reminders.some(({ to }) => to !== 'learner'))
    for (const supervisorId of supervisorIds)
      say(supervisorId, { kind: 'escalation', itemId, dueAt, learnerId });
  return said;
}
