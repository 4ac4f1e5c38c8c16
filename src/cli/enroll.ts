import { readFileSync } from 'node:fs';
import type { Context } from '../access/index.ts';
import { ConfigError, DATABASE_OPTIONS } from '../config.ts';
import { DUE_TYPES, dueInstant, REASONS, type RequestedTerms } from '../enrollment/index.ts';
import { listIds, refuse } from '../kernel/errors.ts';
import { isUuid } from '../kernel/ids.ts';
import { type Named, resolveWords } from '../transfer/index.ts';
import type { Command } from './main.ts';
import { firstOutcomes, tellWritten } from './outcomes.ts';
import {
  ACTOR_OPTIONS,
  asUser,
  configOf,
  count,
  EXIT,
  type Flags,
  given,
  instant,
  oneOf,
  withDatabase,
} from './support.ts';
import { asOperation } from './writing.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const words = { ...text, multiple: true } as const;

const OPTIONS = {
  ...DATABASE_OPTIONS,
  ...ACTOR_OPTIONS,
  learner: words,
  course: words,
  'access-date': text,
  'due-date-type': text,
  'due-date': text,
  'due-period': text,
  'lock-after-due-date': flag,
  'no-lock-after-due-date': flag,
  lenient: flag,
};

export const enrollCommand: Command = {
  name: 'enroll',
  summary:
    'Enroll learners in courses, learning tracks and materials, in the name of a user: every learner in every course, all or none unless --lenient. Learners are named by id, login or e-mail address, courses by id or code; @FILE has one on each line, - is standard input. Ends with 4 if some pairs were refused.',
  usage: `--account URL --login L --learner WHO … --course WHAT … [--access-date DATE] [--due-date-type ${DUE_TYPES.join('|')}] [--due-date DATE] [--due-period HOURS] [--lock-after-due-date|--no-lock-after-due-date] [--lenient]`,
  examples: [
    'rollbook enroll --account https://academy.example --login owner --learner ann --learner bob@academy.example --course SAFETY-1',
    'rollbook enroll --account https://academy.example --login owner --learner @new-starters.txt --course @induction.txt --due-period 720 --lock-after-due-date',
    'cut -f1 people.tsv | rollbook enroll --account https://academy.example --login owner --learner - --course SAFETY-1 --lenient --json',
  ],
  run: async (argv) => {
    const { flags, config } = configOf(argv, OPTIONS);
    const terms = termsOf(flags);
    const handling = flags['lenient'] ? 'lenient' : 'strict';
    const said = wordsOf(flags);
    const notDone = await withDatabase(config, (db) =>
      asUser(db, flags, async (ctx) => {
        const { learnerIds, courseIds, unknown } = await idsOf(ctx, said, handling);
        const { operationId } = await asOperation(ctx, { flags, config }, (named, enrollments) =>
          enrollments.enroll(named, { learnerIds, courseIds, terms, handling }),
        );
        const { operation, some } = await firstOutcomes(ctx, operationId, ['refused']);
        const { created, changed, unchanged, refused } = operation;
        const answer = { operationId, created, changed, unchanged, refused };
        const list = { called: 'refusedPairs', some, count: refused } as const;
        tellWritten(flags, flags['json'] ? { ...answer, unknownNames: unknown } : answer, list);
        if (!flags['json']) tellUnknown(unknown);
        return refused + unknown.length;
      }),
    );
    if (notDone > 0) process.exitCode = EXIT.someRefused;
  },
};

function tellUnknown(names: readonly UnknownName[]): void {
  for (const { learner, course, reason } of names)
    process.stderr.write(`${learner ? `learner ${learner}` : `course ${course}`}: ${reason}\n`);
}

/** What the flags and files say, each once. */
interface Said {
  readonly learners: readonly string[];
  readonly courses: readonly string[];
}

function wordsOf(flags: Flags): Said {
  const told = [flags['learner'], flags['course']].flatMap((values) => values ?? []);
  if (told.filter((value) => value === '-').length > 1)
    throw new ConfigError('Standard input can be read once: - goes with one of --learner and --course.');
  return { learners: wordsIn(flags, 'learner'), courses: wordsIn(flags, 'course') };
}

function wordsIn(flags: Flags, name: 'learner' | 'course'): string[] {
  const values = flags[name];
  const found = Array.isArray(values) ? values.flatMap((value: string) => expand(name, value)) : [];
  if (found.length === 0) throw new ConfigError(`--${name} is required, and must name at least one.`);
  return [...new Set(found)];
}

/** A word itself, or the lines of the file that it names. */
function expand(name: string, value: string): string[] {
  if (value !== '-' && !value.startsWith('@')) return [value.trim()].filter((word) => word !== '');
  try {
    const lines = readFileSync(value === '-' ? 0 : value.slice(1), 'utf8').replace(/^\uFEFF/, '');
    return lines
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '');
  } catch (error) {
    throw new ConfigError(`--${name}: ${value} cannot be read: ${(error as Error).message}.`);
  }
}

interface UnknownName {
  readonly learner?: string;
  readonly course?: string;
  readonly reason: string;
}

/**
 * The ids that are meant. What looks like an id is taken for one, and judged like any other. A name that means nobody, or
 * several, refuses the whole, or if handling is lenient is left out.
 */
async function idsOf(
  ctx: Context,
  { learners, courses }: Said,
  handling: 'strict' | 'lenient',
): Promise<{ learnerIds: string[]; courseIds: string[]; unknown: UnknownName[] }> {
  const names = {
    learners: learners.filter((word) => !isUuid(word)),
    courses: courses.filter((word) => !isUuid(word)),
  };
  const found = await resolveWords(ctx, names.learners, names.courses);
  const learner = sorted(names.learners, found.learners);
  const course = sorted(names.courses, found.courses);
  const ids = {
    learnerIds: [...learners.filter(isUuid).map((id) => id.toLowerCase()), ...learner.ids],
    courseIds: [...courses.filter(isUuid).map((id) => id.toLowerCase()), ...course.ids],
  };
  if (handling === 'strict' || ids.learnerIds.length === 0) refuseUnknown('learner', learner.faults);
  if (handling === 'strict' || ids.courseIds.length === 0) refuseUnknown('course', course.faults);
  const unknown = [
    ...learner.faults.map(({ word, reason }) => ({ learner: word, reason })),
    ...course.faults.map(({ word, reason }) => ({ course: word, reason })),
  ];
  return { ...ids, unknown };
}

type Fault = { readonly word: string; readonly reason: Extract<Named, { reason: unknown }>['reason'] };

function sorted(said: readonly string[], found: readonly Named[]): { ids: string[]; faults: Fault[] } {
  const ids: string[] = [];
  const faults: Fault[] = [];
  found.forEach((named, place) => {
    if ('id' in named) ids.push(named.id);
    else faults.push({ word: said[place] ?? '', reason: named.reason });
  });
  return { ids, faults };
}

/** With what ids would be refused with for the same reason. */
function refuseUnknown(field: 'learner' | 'course', faults: readonly Fault[]): void {
  const [first] = faults;
  if (!first) return;
  const alike = listIds(faults.filter(({ reason }) => reason === first.reason).map(({ word }) => word));
  const code = first.reason in REASONS ? REASONS[first.reason as keyof typeof REASONS].strict : null;
  if (code) refuse(code, { ids: alike });
  const several = field === 'learner' ? 'learners' : 'content items';
  refuse('request.invalid', { field, detail: `each of these names several ${several}: ${alike}` });
}

/** As the API reads them, but what a flag says is never ignored: one that another contradicts is wrong use. */
function termsOf(flags: Flags): RequestedTerms {
  const date = instant(flags, 'due-date');
  const hours = given(flags, 'due-period') === undefined ? undefined : count(flags, 'due-period');
  const implied = date ? 'due_date' : hours !== undefined ? 'due_period' : 'default';
  const type = oneOf(flags, 'due-date-type', DUE_TYPES) ?? implied;
  if (date && type !== 'due_date') throw new ConfigError('--due-date goes with --due-date-type due_date.');
  if (hours !== undefined && type !== 'due_period')
    throw new ConfigError('--due-period goes with --due-date-type due_period.');
  if (flags['lock-after-due-date'] && flags['no-lock-after-due-date'])
    throw new ConfigError('--lock-after-due-date and --no-lock-after-due-date exclude each other.');
  const lock = flags['lock-after-due-date'] ? true : flags['no-lock-after-due-date'] ? false : null;
  const accessAt = instant(flags, 'access-date')?.at ?? null;
  switch (type) {
    case 'due_date':
      if (!date) throw new ConfigError('--due-date is required with --due-date-type due_date.');
      return { accessAt, lock, due: { type, at: dueInstant(date) } };
    case 'due_period':
      if (!hours)
        throw new ConfigError('--due-period is required with --due-date-type due_period, and at least 1.');
      return { accessAt, lock, due: { type, hours } };
    default:
      return { accessAt, lock, due: { type } };
  }
}
