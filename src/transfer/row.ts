import { DUE_TYPES, dueInstant, type RowTerms } from '../enrollment/index.ts';
import { parseInstant, type WireInstant } from '../kernel/dates.ts';
import { isUuid } from '../kernel/ids.ts';
import { COURSE_MEMBERS, type Columns, LEARNER_MEMBERS, type Member, quote } from './columns.ts';
import type { FileReason } from './reasons.ts';

/** What the cells of a row say; pure. */

/** A learner or content item as a cell names it. */
export interface Name {
  readonly member: Member;
  readonly text: string;
  /** With the spaces around it, if there are any: a code may have some. */
  readonly cell: string;
}

export interface SaidRow {
  readonly learner: readonly Name[];
  readonly course: readonly Name[];
  readonly terms: RowTerms;
}

export interface Fault {
  readonly reason: FileReason;
  /** More than the reason says by itself. */
  readonly detail?: string;
}

/** A default due date that was none, written down as it was resolved. */
export const NONE = 'none';

const MAX_PERIOD_HOURS = 100_000_000;

class BadCell extends Error {}

const bad = (member: Member, detail: string): never => {
  throw new BadCell(`${member}: ${detail}`);
};

/** Reads a row; cells that are missing at its end are empty. */
export function readRow(cells: readonly string[], columns: Columns, width: number): SaidRow | Fault {
  if (cells.slice(width).some((cell) => cell.trim() !== '')) return { reason: 'row_width' };
  const cellOf = (member: Member): string => {
    const place = columns.get(member);
    return place === undefined ? '' : (cells[place] ?? '');
  };
  const textOf = (member: Member): string => cellOf(member).trim();
  const namesOf = (members: readonly Member[]): Name[] =>
    members
      .map((member) => ({ member, text: textOf(member), cell: cellOf(member) }))
      .filter(({ text }) => text !== '');
  try {
    const learner = namesOf(LEARNER_MEMBERS);
    const course = namesOf(COURSE_MEMBERS);
    if (learner.length === 0) return { reason: 'learner_missing' };
    if (course.length === 0) return { reason: 'course_missing' };
    for (const { member, text } of [...learner, ...course])
      if ((member === 'learnerId' || member === 'courseId') && !isUuid(text))
        bad(member, `must be a UUID, got ${quote(text)}`);
    const terms = {
      accessAt: dateIn('accessDate', textOf('accessDate'))?.at ?? null,
      due: dueIn(textOf('dueDateType').toLowerCase(), textOf('dueDate'), textOf('duePeriod')),
      lock: booleanIn('lockAfterDueDate', textOf('lockAfterDueDate')),
    };
    return { learner, course, terms };
  } catch (error) {
    if (error instanceof BadCell) return { reason: 'value_invalid', detail: error.message };
    throw error;
  }
}

function dateIn(member: Member, text: string): WireInstant | null {
  if (text === '') return null;
  return (
    parseInstant(text) ??
    bad(member, `must be a date as YYYY-MM-DD or YYYY-MM-DD HH:MM:SS, got ${quote(text)}`)
  );
}

function periodIn(text: string): number | null {
  if (text === '') return null;
  const hours = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (hours < 1 || hours > MAX_PERIOD_HOURS)
    bad('duePeriod', `must be hours from 1 to ${MAX_PERIOD_HOURS}, got ${quote(text)}`);
  return hours;
}

const WORDS: Readonly<Record<string, boolean>> = {
  true: true,
  '1': true,
  yes: true,
  false: false,
  '0': false,
  no: false,
};

function booleanIn(member: Member, text: string): boolean | null {
  if (text === '') return null;
  return WORDS[text.toLowerCase()] ?? bad(member, `must be true or false, got ${quote(text)}`);
}

/**
 * The due date; its type may be left out where the other cells tell it. With `default` they say what the default was
 * when somebody was enrolled, as an export writes it.
 */
function dueIn(type: string, date: string, period: string): RowTerms['due'] {
  if (type !== '' && !(DUE_TYPES as readonly string[]).includes(type))
    bad('dueDateType', `must be one of ${DUE_TYPES.join(', ')}, got ${quote(type)}`);
  if (type === 'unlimited') return { type };
  if (date !== '' && period !== '' && type !== 'due_date' && type !== 'due_period')
    bad('dueDateType', 'is needed where there are both a dueDate and a duePeriod');
  if (type === 'default' && date.toLowerCase() === NONE) return { type: 'recorded', at: null, hours: null };
  if (type === 'due_period' || (type !== 'due_date' && period !== '')) {
    const hours = periodIn(period) ?? bad('duePeriod', 'is required when dueDateType is due_period');
    return type === 'default' ? { type: 'recorded', at: null, hours } : { type: 'due_period', hours };
  }
  const wire = dateIn('dueDate', date);
  if (wire === null) {
    if (type === 'due_date') bad('dueDate', 'is required when dueDateType is due_date');
    return type === 'default' ? { type } : null;
  }
  const at = dueInstant(wire);
  return type === 'default' ? { type: 'recorded', at, hours: null } : { type: 'due_date', at };
}
