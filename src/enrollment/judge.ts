import { type Caller, includes, reachOf, StaleRights } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import type { IdSet } from '../kernel/id-set.ts';
import type { Database } from '../storage/index.ts';
import { IDS_AT_ONCE } from './limits.ts';
import { type Loaded, loadForEnrollment } from './queries.ts';
import type { RefusalReason } from './reasons.ts';
import type { Receipt } from './receipt.ts';
import {
  type KnownItem,
  objectionTo,
  type Plan,
  planEnrollment,
  surveyLearners,
  type Wanted,
} from './rules.ts';

/** Requests held against the rules: a strict one is refused whole, of a lenient one what may not be had. */

export type Handling = 'strict' | 'lenient';

/** By whom something is wanted, how, and when it is judged. */
interface Asking {
  readonly caller: Caller;
  readonly now: Date;
  readonly handling: Handling;
}

/** A request as the writers take it: ids sorted and distinct, so that any order and repetition is the same request. */
export type EnrollJob = Wanted &
  Asking & {
    readonly receipt: Receipt;
    /** enrollmentTypeGroup: 0 by an administrator (unless given), 1 by the learners themselves. */
    readonly typeGroup?: 0 | 1;
  };

/** The same with more learners than are looked at at once. */
export type LargeJob = Omit<EnrollJob, 'learnerIds'> & { readonly learnerIds: IdSet };

/** What is to be written. Throws the refusal, or StaleRights when the caller's rights changed. */
export function judge(job: Wanted & Asking, loaded: Loaded): Plan {
  if (loaded.rightsVersion !== job.caller.rightsVersion) throw new StaleRights();
  const faults = new Map<string, RefusalReason>();
  surveyLearners(faults, job.learnerIds, loaded.learners, reachesOf(job.caller));
  return unlessRefused(job, planEnrollment(job, faults, loaded, job.now));
}

/** The same for a large request, which is loaded in slices. */
export async function loadAndJudge(db: Database, job: Omit<LargeJob, 'receipt'>): Promise<Plan> {
  const faults = new Map<string, RefusalReason>();
  const items = new Map<string, KnownItem>();
  const trainings = new Set<string>();
  for (let at = 0; at === 0 || at < Math.max(job.learnerIds.length, job.itemIds.length); at += IDS_AT_ONCE) {
    const learnerIds = job.learnerIds.slice(at, at + IDS_AT_ONCE);
    const itemIds = job.itemIds.slice(at, at + IDS_AT_ONCE);
    const part = await db.read((tx) =>
      loadForEnrollment(tx, job.caller.accountId, learnerIds, itemIds, job.now),
    );
    if (part.rightsVersion !== job.caller.rightsVersion) throw new StaleRights();
    surveyLearners(faults, learnerIds, part.learners, reachesOf(job.caller));
    for (const [id, item] of part.items) items.set(id, item);
    for (const id of part.trainings) trainings.add(id);
  }
  return unlessRefused(job, planEnrollment(job, faults, { items, trainings }, job.now));
}

/** Whether the caller may enroll a learner of a department. */
export function reachesOf(caller: Caller): (departmentId: string | undefined) => boolean {
  const reach = reachOf(caller, 'enrollment.write');
  return (departmentId) => reach === 'everyone' || includes(reach, departmentId);
}

function unlessRefused({ handling }: Asking, plan: Plan): Plan {
  const objection = handling === 'strict' ? objectionTo(plan) : null;
  return objection ? refuse(objection.code, objection.details) : plan;
}
