import type { Manifest } from '../files/index.ts';
import { refuse } from '../kernel/errors.ts';
import type { Report } from '../progress/index.ts';

/** What a package says of its learner, and what follows from it: pure decisions. */

/** What a package finds again, in words of ours for both kinds of SCORM; all texts, as SCORM has them. */
export const ATTEMPT_MEMBERS = [
  'location',
  'suspendData',
  'status',
  'success',
  'raw',
  'min',
  'max',
  'scaled',
  'progress',
  'totalTime',
] as const;
export type Attempt = Readonly<Partial<Record<(typeof ATTEMPT_MEMBERS)[number], string>>>;

/** SCORM 2004 allows 64,000 characters to be suspended, 1,000 for a place; nothing else is as long. */
const MAX_SUSPENDED = 64_000;
const MAX_TEXT = 1_000;

/** What the page of a package sends. Refuses `request.invalid`. */
export function readAttemptText(text: string): Attempt {
  const value = parsed(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse('request.invalid', { field: 'data', detail: 'must be a JSON object' });
  const known = Object.entries(value).filter(([name]) =>
    (ATTEMPT_MEMBERS as readonly string[]).includes(name),
  );
  for (const [name, member] of known)
    if (typeof member !== 'string' || member.length > (name === 'suspendData' ? MAX_SUSPENDED : MAX_TEXT))
      refuse('request.invalid', { field: `data.${name}`, detail: 'must be a text, and not too long' });
  // The database holds neither NUL nor half a sign.
  return Object.fromEntries(
    known.map(([name, member]) => [name, Buffer.from(String(member)).toString().replaceAll('\0', '')]),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const numberOf = (text: string | undefined): number | null =>
  text !== undefined && /^-?\d{1,10}(\.\d{1,10})?$/.test(text.trim()) ? Number(text) : null;
const within = (value: number): number => Math.round(Math.min(100, Math.max(0, value)) * 100) / 100;

/** What is recorded. A package that says nothing is in progress, as it was opened. */
export function reportOf(version: Manifest['version'], attempt: Attempt): Omit<Report, 'isView'> {
  const progress = numberOf(attempt.progress);
  return {
    status: version === '1.2' ? statusOf12(attempt) : statusOf2004(attempt),
    score: scoreOf(attempt) ?? undefined,
    percent: progress === null ? undefined : within(progress * 100),
  };
}

function statusOf12({ status }: Attempt): NonNullable<Report['status']> {
  if (status === 'passed' || status === 'failed') return status;
  return status === 'completed' ? 'complete' : 'in_progress';
}

/** Success says more than completion, where there is a word of it. */
function statusOf2004({ status, success }: Attempt): NonNullable<Report['status']> {
  if (success === 'passed' || success === 'failed') return success;
  return status === 'completed' ? 'complete' : 'in_progress';
}

/** Of 100. */
function scoreOf({ raw, min, max, scaled }: Attempt): number | null {
  const ofOne = numberOf(scaled);
  if (ofOne !== null) return within(ofOne * 100);
  const [points, least, most] = [numberOf(raw), numberOf(min) ?? 0, numberOf(max) ?? 100];
  if (points === null) return null;
  return most > least ? within(((points - least) / (most - least)) * 100) : within(points);
}
