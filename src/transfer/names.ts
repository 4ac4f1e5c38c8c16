import { type Context, reachOf } from '../access/index.ts';
import { isUuid } from '../kernel/ids.ts';
import { keyOf } from '../kernel/names.ts';
import type { Member } from './columns.ts';
import * as queries from './queries.ts';
import type { FileReason } from './reasons.ts';
import type { Fault, Name, SaidRow } from './row.ts';

/** Whom and what the cells of some rows name: two statements, however many rows. */

export interface NamedRow {
  readonly learnerId: string;
  readonly itemId: string;
}

/** Ids by what they are called. */
type Index = ReadonlyMap<string, ReadonlySet<string>>;

/** The learner and the item of each row, or why that cannot be told. */
export async function resolveNames(ctx: Context, rows: readonly SaidRow[]): Promise<(NamedRow | Fault)[]> {
  const resolver = await resolverOf(
    ctx,
    rows.map((row) => row.learner),
    rows.map((row) => row.course),
  );
  return rows.map((row) => {
    const learner = resolver.learner(row.learner);
    if ('reason' in learner) return learner;
    const item = resolver.item(row.course);
    return 'reason' in item ? item : { learnerId: learner.id, itemId: item.id };
  });
}

/** Somebody or something that is named, or why that cannot be told. */
export type Named = { readonly id: string } | Fault;

/** Who and what some words name: learners by id, login or e-mail address, content items by id or code. */
export async function resolveWords(
  ctx: Context,
  learners: readonly string[],
  courses: readonly string[],
): Promise<{ learners: Named[]; courses: Named[] }> {
  const namesOf = (member: Member, words: readonly string[]): Name[][] =>
    words.map((word) => [{ member, text: word, cell: word }]);
  const [learnerNames, courseNames] = [namesOf('learner', learners), namesOf('course', courses)];
  const resolver = await resolverOf(ctx, learnerNames, courseNames);
  return { learners: learnerNames.map(resolver.learner), courses: courseNames.map(resolver.item) };
}

interface Resolver {
  /** Whom all of these names mean. */
  learner(names: readonly Name[]): Named;
  item(names: readonly Name[]): Named;
}

async function resolverOf(
  ctx: Context,
  learnerNames: readonly (readonly Name[])[],
  courseNames: readonly (readonly Name[])[],
): Promise<Resolver> {
  const reach = reachOf(ctx.caller, 'enrollment.write');
  const learners = wantedOf(learnerNames);
  const items = wantedOf(courseNames);
  const { accountId } = ctx.caller;
  const [users, content] = await ctx.read(async (tx) => [
    await queries.learnersNamed(tx, accountId, reach, {
      ids: learners.ids,
      logins: learners.of(['learner', 'login']).map(keyOf),
      emails: learners.of(['learner', 'email']).map(keyOf),
    }),
    await queries.itemsNamed(tx, accountId, { ids: items.ids, codes: items.of(['course', 'courseCode']) }),
  ]);
  const userIndex = indexOf(users, ({ id, loginKey, emailKey }) => [
    `id ${id}`,
    loginKey === null ? null : `login ${loginKey}`,
    emailKey === null ? null : `email ${emailKey}`,
  ]);
  const itemIndex = indexOf(content, ({ id, code }) => [`id ${id}`, code === null ? null : `code ${code}`]);
  // To a limited caller an unknown learner is as a foreign one.
  const unknown = reach === 'everyone' ? 'learner_unknown' : 'learner_out_of_scope';
  return {
    learner: (names) => pick(names, userIndex, 'learner', unknown),
    item: (names) => pick(names, itemIndex, 'course', 'course_unknown'),
  };
}

const mayBeId = ({ member, text }: Name): boolean => /^(learner|course)(Id)?$/.test(member) && isUuid(text);

function wantedOf(names: readonly (readonly Name[])[]) {
  const all = names.flat();
  const texts = (fits: (name: Name) => boolean): string[] => [
    ...new Set(all.filter(fits).map(({ text }) => text)),
  ];
  return {
    ids: texts(mayBeId),
    of: (members: readonly string[]) => [
      ...new Set(
        all.filter(({ member }) => members.includes(member)).flatMap(({ text, cell }) => [cell, text]),
      ),
    ],
  };
}

function indexOf<T extends { readonly id: string }>(
  found: readonly T[],
  calledOf: (one: T) => readonly (string | null)[],
): Index {
  const index = new Map<string, Set<string>>();
  for (const one of found)
    for (const called of calledOf(one)) {
      if (called === null) continue;
      const ids = index.get(called) ?? new Set();
      index.set(called, ids.add(one.id));
    }
  return index;
}

/** Under what a name is looked up; one whose kind is not told may be any of them. */
function calledBy(member: Member, text: string): string[] {
  switch (member) {
    case 'learnerId':
    case 'courseId':
      return [`id ${text.toLowerCase()}`];
    case 'login':
    case 'email':
      return [`${member} ${keyOf(text)}`];
    case 'courseCode':
      return [`code ${text}`];
    case 'learner':
      return [`id ${text.toLowerCase()}`, `login ${keyOf(text)}`, `email ${keyOf(text)}`];
    default:
      return [`id ${text.toLowerCase()}`, `code ${text}`];
  }
}

/** The one id that every name of a row means. */
function pick(names: readonly Name[], index: Index, what: 'learner' | 'course', unknown: FileReason): Named {
  const called = ({ member }: Name, text: string): Set<string> =>
    new Set(calledBy(member, text).flatMap((key) => [...(index.get(key) ?? [])]));
  const meant = new Set<string>();
  for (const name of names) {
    const ids = called(name, name.cell);
    if (ids.size === 0) for (const id of called(name, name.text)) ids.add(id);
    // A training has an id, but is no item: whoever judges the row tells it from an id that names nothing.
    if (ids.size === 0 && what === 'course' && mayBeId(name)) ids.add(name.text.toLowerCase());
    if (ids.size === 0) return { reason: unknown };
    if (ids.size > 1) return { reason: `${what}_ambiguous` };
    for (const id of ids) meant.add(id);
  }
  const [id = ''] = meant;
  return meant.size > 1 ? { reason: `${what}_names_differ` } : { id };
}
