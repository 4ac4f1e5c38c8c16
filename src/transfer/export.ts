import type { Context } from '../access/index.ts';
import {
  DUE_RULE,
  DUE_TYPES,
  dueOf,
  type ListedEnrollment,
  type ListFilter,
  listFor,
} from '../enrollment/index.ts';
import { sortedDistinct } from '../kernel/id-set.ts';
import {
  BOM,
  csvLine,
  DELIMITERS,
  type Delimiter,
  encoderFor,
  type OutputEncoding,
} from '../tables/index.ts';
import { type Member, TITLE } from './columns.ts';
import * as queries from './queries.ts';
import { NONE } from './row.ts';

/** Enrollments as a file, which imports again just as it is. */

export interface ExportOptions {
  readonly delimiter: Delimiter;
  readonly encoding: OutputEncoding;
  /** Told how many rows were written each time. */
  readonly onRows?: (count: number) => void;
}

const HEADER: readonly (Member | typeof TITLE)[] = [
  'learnerId',
  'login',
  'email',
  'courseId',
  'courseCode',
  TITLE,
  'accessDate',
  'dueDateType',
  'dueDate',
  'duePeriod',
  'lockAfterDueDate',
];

/**
 * Every enrollment the caller may see, written page by page. Logins and e-mail addresses are those of users whom the
 * caller may read. Refuses unknown ids of a filter.
 */
export async function exportFile(
  ctx: Context,
  filter: ListFilter,
  { delimiter, encoding, onRows }: ExportOptions,
): Promise<AsyncGenerator<Buffer>> {
  const pages = await listFor(ctx, filter);
  const encode = encoderFor(encoding);
  const mark = encoding === 'utf-8' ? '' : BOM;
  return (async function* () {
    yield encode(mark + csvLine(HEADER, DELIMITERS[delimiter]));
    for await (const page of pages) {
      yield encode(await linesOf(ctx, page, DELIMITERS[delimiter]));
      onRows?.(page.length);
    }
  })();
}

async function linesOf(ctx: Context, page: readonly ListedEnrollment[], delimiter: string): Promise<string> {
  const reach = ctx.caller.reach.get('user.read');
  const { learners, items } = await ctx.read((tx) =>
    queries.namesOf(
      tx,
      ctx.caller.accountId,
      reach,
      sortedDistinct(page.map(({ learnerId }) => learnerId)),
      sortedDistinct(page.map(({ itemId }) => itemId)),
    ),
  );
  return page
    .map((enrollment) => {
      const learner = learners.get(enrollment.learnerId);
      const item = items.get(enrollment.itemId);
      return csvLine(
        [
          enrollment.learnerId,
          learner?.login ?? '',
          learner?.email ?? '',
          enrollment.itemId,
          item?.code ?? '',
          item?.title ?? '',
          ...termsOf(enrollment),
        ],
        delimiter,
      );
    })
    .join('');
}

const exact = (at: Date): string => at.toISOString().replace('.000Z', 'Z');

/** Access date, due date as whoever reads it back needs it, lock. */
function termsOf(enrollment: ListedEnrollment): string[] {
  const due = dueOf(enrollment);
  const type = DUE_TYPES.find((name) => DUE_RULE[name] === enrollment.dueRule) ?? '';
  const at = due.type === 'due_date' || due.type === 'recorded' ? due.at : null;
  const hours = due.type === 'due_period' || due.type === 'recorded' ? due.hours : null;
  const date = at ? exact(at) : due.type === 'recorded' && hours === null ? NONE : '';
  return [
    exact(enrollment.accessAt),
    type,
    date,
    hours === null ? '' : String(hours),
    String(enrollment.lockAfterDueDate),
  ];
}
