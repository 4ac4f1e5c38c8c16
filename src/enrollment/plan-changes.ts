import type { Change } from '../kernel/errors.ts';
import { type EnrollmentKey, enrollmentId } from '../kernel/ids.ts';
import type { PlannedItem, RefusedItem } from './bulk-queries.ts';
import { reasonOfByte } from './demand.ts';
import { isPlanned } from './enroll-chunks.ts';
import { REASONS } from './reasons.ts';

/** What a plan was made of against what is so now: pure comparisons, each of at most so many changes. */

/** As many are told; that there are more is all that matters. */
const MAX_CHANGES = 100;
/** As many are told in words. */
const IN_WORDS = 3;

type Item = PlannedItem | RefusedItem;

/** The verdict on learners, a byte each, and on content items, in order of id. */
export interface Verdict {
  readonly idReasons: Buffer | null;
  readonly items: readonly Item[];
}

/** The number of a reason then and now; 0 where there is none. */
interface Turn {
  readonly was: number;
  readonly is: number;
}

/**
 * Learners and items of whom the verdict is another, if it shows in a pair: what becomes of a learner does not matter
 * where all items are refused for a reason that is given before theirs.
 */
export function changesOfVerdict(was: Verdict, is: Verdict, idAt: (place: number) => string): Change[] {
  const learnerAt = (place: number): Turn => ({
    was: was.idReasons?.[place] ?? 0,
    is: is.idReasons?.[place] ?? 0,
  });
  const learners = was.idReasons?.length ?? is.idReasons?.length ?? 1;
  const items = was.items.map((before, place) => {
    const after = is.items[place] ?? before;
    return { id: before.itemId, turn: turnOf(before, after), was: inWords(before), is: inWords(after) };
  });
  const learnerTurns = distinct(learners, learnerAt);
  const itemTurns = distinct(items.length, (place) => items[place]?.turn ?? FREE);
  const changes: Change[] = [];
  for (let place = 0; place < learners && changes.length < MAX_CHANGES; place++) {
    const turn = learnerAt(place);
    if (turn.was !== turn.is && itemTurns.some((item) => shows(turn, item)))
      changes.push({ learnerId: idAt(place), was: inWord(turn.was), is: inWord(turn.is) });
  }
  for (const { id, turn, ...words } of items) {
    if (changes.length >= MAX_CHANGES) break;
    if (words.was === words.is) continue;
    // Other dates matter to whoever could and can be enrolled.
    const isSeen = (learner: Turn) => shows(learner, turn) || (isFree(turn) && isFree(learner));
    if (learnerTurns.some(isSeen)) changes.push({ courseId: id, ...words });
  }
  return changes;
}

const FREE: Turn = { was: 0, is: 0 };
const isFree = ({ was, is }: Turn): boolean => was === 0 && is === 0;

/** Whether a pair of the two gives another reason than it gave. */
const shows = (one: Turn, other: Turn): boolean => given(one.was, other.was) !== given(one.is, other.is);
const given = (one: number, other: number): number =>
  one === 0 || other === 0 ? Math.max(one, other) : Math.min(one, other);

function distinct(count: number, turnAt: (place: number) => Turn): Turn[] {
  const turns = new Map<number, Turn>();
  for (let place = 0; place < count; place++) {
    const turn = turnAt(place);
    turns.set(turn.was * 256 + turn.is, turn);
  }
  return [...turns.values()];
}

const numberOf = (item: Item): number => (isPlanned(item) ? 0 : REASONS[item.reason].number);
const turnOf = (before: Item, after: Item): Turn => ({ was: numberOf(before), is: numberOf(after) });
const inWord = (number: number): string => reasonOfByte(number) ?? 'eligible';

function inWords(item: Item): string {
  if (!isPlanned(item)) return item.reason;
  const { accessAt, dueAt, duePeriodHours, dueRule, lock } = item;
  const due = dueAt === null ? 'no due date' : `due ${dueAt}${lock ? ', then locked' : ''}`;
  const period = duePeriodHours === null ? '' : ` (${duePeriodHours} hours)`;
  return `access ${accessAt}, ${due}${period}, ${RULES[dueRule] ?? dueRule}`;
}

/** In the order of DUE_RULE. */
const RULES = ['unlimited', 'default', 'due_date', 'due_period'];

/** Enrollments of a part's pairs, 12 bytes each: chunk and ordinal; zeros where there is none. */
const PAIR_BYTES = 12;

export function packEnrolled(pairs: number, enrolled: readonly { no: number; key: EnrollmentKey }[]): Buffer {
  const bytes = Buffer.alloc(pairs * PAIR_BYTES);
  for (const { no, key } of enrolled) {
    bytes.writeBigInt64BE(key.chunk, no * PAIR_BYTES);
    bytes.writeInt32BE(key.ordinal, no * PAIR_BYTES + 8);
  }
  return bytes;
}

/** The enrollment of a pair; null where there is none. */
export function enrolledAt(accountId: number, bytes: Buffer | null, no: number): EnrollmentKey | null {
  const chunk = bytes?.readBigInt64BE(no * PAIR_BYTES) ?? 0n;
  return chunk === 0n ? null : { accountId, chunk, ordinal: bytes?.readInt32BE(no * PAIR_BYTES + 8) ?? 0 };
}

/** Pairs that were enrolled and are not, or the other way round, or by another enrollment. `written` is what is ours. */
export function changesOfPairs(
  accountId: number,
  pairs: { was: Buffer | null; is: Buffer | null; count: number; written: bigint | null },
  pairAt: (no: number) => { learnerId: string; courseId: string },
): Change[] {
  const changes: Change[] = [];
  const said = (key: EnrollmentKey | null) => (key ? `enrolled: ${enrollmentId(key)}` : 'not enrolled');
  for (let no = 0; no < pairs.count && changes.length < MAX_CHANGES; no++) {
    const was = enrolledAt(accountId, pairs.was, no);
    const is = enrolledAt(accountId, pairs.is, no);
    const isSame = was === null ? is === null || is.chunk === pairs.written : said(was) === said(is);
    if (!isSame) changes.push({ ...pairAt(no), was: said(was), is: said(is) });
  }
  return changes;
}

/** The first few, for who reads the message. */
export function describeChanges(changes: readonly Change[]): string {
  const few = changes.slice(0, IN_WORDS).map(({ learnerId, courseId, was, is }) => {
    const what = [learnerId && `learner ${learnerId}`, courseId && `course ${courseId}`].filter(Boolean);
    return `${what.join(' in ')} was ${was}, is ${is}`;
  });
  if (changes.length >= MAX_CHANGES) few.push(`and ${MAX_CHANGES - IN_WORDS} more or still more`);
  else if (changes.length > IN_WORDS) few.push(`and ${changes.length - IN_WORDS} more`);
  return few.join('; ');
}
