/** Which column of a file means what. */

/** What a column can mean, in the order in which an export has them. */
export const MEMBERS = [
  'learner',
  'learnerId',
  'login',
  'email',
  'course',
  'courseId',
  'courseCode',
  'accessDate',
  'dueDateType',
  'dueDate',
  'duePeriod',
  'lockAfterDueDate',
] as const;
export type Member = (typeof MEMBERS)[number];

export const LEARNER_MEMBERS = ['learner', 'learnerId', 'login', 'email'] as const;
export const COURSE_MEMBERS = ['course', 'courseId', 'courseCode'] as const;

/** Other names by which columns are known; case, spaces and signs make no difference. */
const ALSO: Readonly<Record<Member, readonly string[]>> = {
  learner: ['user', 'employee', 'person', 'participant', 'student'],
  learnerId: ['userid'],
  login: ['username', 'userlogin', 'learnerlogin', 'loginname'],
  email: ['mail', 'emailaddress', 'learneremail', 'useremail'],
  course: ['content', 'contentitem', 'item', 'learningtrack'],
  courseId: ['contentitemid', 'itemid', 'contentid'],
  courseCode: ['code', 'itemcode', 'contentcode'],
  accessDate: ['access', 'accessfrom', 'startdate', 'start', 'availablefrom'],
  dueDateType: ['duetype'],
  dueDate: ['due', 'deadline', 'duedatetime'],
  duePeriod: ['dueperiodhours', 'duehours', 'duein'],
  lockAfterDueDate: ['lock', 'shouldlockafterduedate', 'lockafterdue'],
};

/** Said by an export for the reader, and ignored on the way in. */
export const TITLE = 'courseTitle';

const plain = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

const BY_NAME: ReadonlyMap<string, Member> = new Map(
  MEMBERS.flatMap((member) => [member, ...ALSO[member]].map((name) => [plain(name), member] as const)),
);

export const memberOf = (name: string): Member | undefined => BY_NAME.get(plain(name));

/** How many of the cells are names of columns. */
export const countKnown = (cells: readonly string[]): number =>
  cells.filter((cell) => memberOf(cell) !== undefined).length;

/** Whether a row is the header once more. */
export const isHeader = (header: readonly string[], cells: readonly string[]): boolean =>
  header.every((name, place) => plain(name) === plain(cells[place] ?? ''));

/** Where in a row each member stands. */
export type Columns = ReadonlyMap<Member, number>;

export interface Unclear {
  readonly unclear: string;
  /** As it can be sent: what each column seems to mean. */
  readonly proposal: string;
}

/** What the caller says some columns are called. */
export type Naming = Readonly<Partial<Record<Member, string>>>;

/** The columns that a header has, as far as it is clear that they are meant so. */
export function columnsOf(header: readonly string[], named: Naming): Columns | Unclear {
  const unclear = (detail: string): Unclear => ({ unclear: detail, proposal: propose(header, named) });
  const places = new Map<number, Member>();
  for (const member of MEMBERS) {
    const name = named[member];
    if (name === undefined) continue;
    const found = placesOf(header, name);
    if (found.length !== 1)
      return unclear(
        `${found.length === 0 ? 'no column is' : 'more than one column is'} called ${quote(name)}`,
      );
    places.set(found[0] ?? -1, member);
  }
  const isNamed = new Set(places.values());
  for (const [place, name] of header.entries()) {
    const member = memberOf(name);
    if (member && !places.has(place) && !isNamed.has(member)) places.set(place, member);
  }
  return checked(header, places, unclear, isNamed.size > 0);
}

function checked(
  header: readonly string[],
  places: ReadonlyMap<number, Member>,
  unclear: (detail: string) => Unclear,
  isNamed: boolean,
): Columns | Unclear {
  const columns = new Map<Member, number>();
  for (const [place, member] of places) {
    const other = columns.get(member);
    if (other !== undefined)
      return unclear(`${quote(header[other])} and ${quote(header[place])} both mean ${member}`);
    columns.set(member, place);
  }
  if (!LEARNER_MEMBERS.some((member) => columns.has(member)))
    return unclear('no column says which learner (learnerId, login or email)');
  if (!COURSE_MEMBERS.some((member) => columns.has(member)))
    return unclear('no column says which course (courseId or courseCode)');
  const slip = isNamed ? undefined : header.find((name, place) => !places.has(place) && slipOf(name));
  if (slip !== undefined) return unclear(`${quote(slip)} is almost ${slipOf(slip)}`);
  return columns;
}

/** Columns of a name: as it is written, else whatever its case and signs. */
function placesOf(header: readonly string[], name: string): number[] {
  const those = (fits: (cell: string) => boolean) =>
    header.flatMap((cell, place) => (fits(cell) ? [place] : []));
  const exact = those((cell) => cell.trim() === name.trim());
  return exact.length > 0 ? exact : those((cell) => plain(cell) === plain(name));
}

/** The member whose own name differs in a letter or two: a slip that would quietly leave a column out. */
const slipOf = (name: string): Member | undefined =>
  plain(name) === plain(TITLE)
    ? undefined
    : MEMBERS.find((member) => plain(name).length > 4 && isNear(plain(name), plain(member)));

/** At most a letter apart, or two where the name is long (Levenshtein). */
function isNear(a: string, b: string): boolean {
  const apart = b.length < 8 ? 1 : 2;
  if (Math.abs(a.length - b.length) > apart) return false;
  let before = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++)
      row[j] = Math.min(
        (before[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (before[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    before = row;
  }
  return (before[b.length] ?? 0) <= apart;
}

/** What words in a header suggest, in the order in which they are tried. */
const HINTS: readonly (readonly [RegExp, Member])[] = [
  [/mail/i, 'email'],
  [/login|user ?name|account/i, 'login'],
  [/type/i, 'dueDateType'],
  [/period|hours|duration/i, 'duePeriod'],
  [/lock|block/i, 'lockAfterDueDate'],
  [/code/i, 'courseCode'],
  [/course|content|item|track|material|training/i, 'course'],
  [/due|deadline|until|end/i, 'dueDate'],
  [/access|start|from|begin/i, 'accessDate'],
  [/learner|user|employee|person|student|name|staff/i, 'learner'],
];

function propose(header: readonly string[], named: Naming): string {
  const guesses = new Map<Member, string>(
    Object.entries(named).filter(([, name]) => placesOf(header, name).length === 1) as [Member, string][],
  );
  const suggest = (member: Member | undefined, name: string): void => {
    if (member && !guesses.has(member) && ![...guesses.values()].includes(name)) guesses.set(member, name);
  };
  for (const name of header) suggest(memberOf(name) ?? slipOf(name), name);
  for (const name of header) suggest(HINTS.find(([hint]) => hint.test(name))?.[1], name);
  const parts = MEMBERS.flatMap((member) => {
    const name = guesses.get(member);
    return name === undefined ? [] : [`map[${member}]=${encodeURIComponent(name.trim().slice(0, 50))}`];
  });
  const has = (members: readonly Member[]): boolean => members.some((member) => guesses.has(member));
  if (!has(LEARNER_MEMBERS)) parts.unshift('map[login]=…');
  if (!has(COURSE_MEMBERS)) parts.push('map[courseCode]=…');
  return parts.join('&');
}

export const quote = (text: string | undefined): string => JSON.stringify((text ?? '').slice(0, 50));
