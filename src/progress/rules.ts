/** How far a learner is: pure decisions about statuses, what follows from the parts, and what never goes back. */

/** The contract's completion statuses. */
export const STATUSES = [
  'not_started',
  'in_progress',
  'pending',
  'complete',
  'passed',
  'accepted',
  'incomplete',
  'failed',
  'declined',
] as const;
export type Status = (typeof STATUSES)[number];

const DONE: ReadonlySet<Status> = new Set(['complete', 'passed', 'accepted']);
const MISSED: ReadonlySet<Status> = new Set(['incomplete', 'failed', 'declined']);

/** Completed with success: from there nothing leads back. */
export const isDone = (status: Status): boolean => DONE.has(status);

export interface Progress {
  readonly status: Status;
  /** 0 to 100 */
  readonly percent: number;
  readonly score: number | null;
  readonly views: number;
  readonly viewedAt: Date | null;
  /** When it was completed for the first time. */
  readonly completedAt: Date | null;
}

export const NOT_STARTED: Progress = {
  status: 'not_started',
  percent: 0,
  score: null,
  views: 0,
  viewedAt: null,
  completedAt: null,
};

/** What became known about a learner; what is left out says nothing. */
export interface Report {
  readonly status?: Status | undefined;
  readonly percent?: number | undefined;
  readonly score?: number | undefined;
  /** Whether the learner looked at it; attendance of a training, for one, is no view. */
  readonly isView: boolean;
}

/** The later of two states in everything that never goes back: completion and its instant, percent, the best score. */
function settle(
  before: Progress,
  after: Pick<Progress, 'status' | 'percent' | 'score' | 'views' | 'viewedAt'>,
  now: Date,
): Progress {
  const isKept = after.status === 'not_started' || (isDone(before.status) && !isDone(after.status));
  const status = isKept ? before.status : after.status;
  return {
    status,
    percent: isDone(status) ? 100 : Math.max(before.percent, after.percent),
    score: highest([before.score, after.score]),
    views: Math.max(before.views, after.views),
    viewedAt: latest([before.viewedAt, after.viewedAt]),
    completedAt: isDone(status) ? (before.completedAt ?? now) : null,
  };
}

/** Progress after a report. Without a status, all of it is `complete` and any of it a beginning. */
export function advance(before: Progress, report: Report, now: Date): Progress {
  const begun = before.status === 'not_started' ? 'in_progress' : before.status;
  return settle(
    before,
    {
      status: report.status ?? (report.percent === 100 ? 'complete' : begun),
      percent: report.percent ?? 0,
      score: report.score ?? null,
      views: before.views + (report.isView ? 1 : 0),
      viewedAt: report.isView ? now : null,
    },
    now,
  );
}

/**
 * What follows for a course from its modules, or for a learning track from its courses. All done: complete; all ended,
 * some badly: incomplete. What was completed as a whole stays completed whatever its parts say.
 */
export function gather(before: Progress, parts: readonly Progress[], now: Date): Progress {
  if (parts.length === 0) return before;
  const scores = parts.map((part) => part.score).filter((score) => score !== null);
  return settle(
    before,
    {
      status: isDone(before.status) ? before.status : statusOf(parts),
      percent: hundredths(mean(parts.map((part) => part.percent))),
      score: scores.length > 0 ? hundredths(mean(scores)) : null,
      views: parts.reduce((sum, part) => sum + part.views, 0),
      viewedAt: latest(parts.map((part) => part.viewedAt)),
    },
    now,
  );
}

function statusOf(parts: readonly Progress[]): Status {
  if (parts.every((part) => isDone(part.status))) return 'complete';
  if (parts.every((part) => isDone(part.status) || MISSED.has(part.status))) return 'incomplete';
  return parts.some((part) => part.status !== 'not_started') ? 'in_progress' : 'not_started';
}

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
const hundredths = (number: number): number => Math.round(number * 100) / 100;
const highest = (numbers: readonly (number | null)[]): number | null =>
  numbers.reduce(
    (best, number) => (best === null || (number !== null && number > best) ? number : best),
    null,
  );
const latest = (instants: readonly (Date | null)[]): Date | null =>
  instants.reduce((last, at) => (last === null || (at !== null && at > last) ? at : last), null);

/** Overdue: the due instant has passed and it is not done; computed, never stored. */
export const isOverdue = (dueAt: Date | null, status: Status, now: Date): boolean =>
  dueAt !== null && now > dueAt && !isDone(status);
