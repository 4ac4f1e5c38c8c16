import type { Member, Shape } from '../../src/http/wire.ts';
import type { Random } from '../support/random.ts';
import type { Prey } from './target.ts';

/** Values for a schema, most of them valid so that a request gets far, and the ones that programs stumble over. */

/** Text that stands in a JSON document as it is: what JSON.stringify would never write. */
export class Verbatim {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export const oneIn = (random: Random, n: number): boolean => random(n) === 0;
export const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)] as T;

const UNKNOWN_ID = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
const WORDS = ['a', 'Fire safety', 'Zoë', '日本語', '🙂', "O'Neil", '<b>&amp;', '%41', 'x'.repeat(300)];
const DATES = [
  '2030-01-31',
  '2030-01-31 10:00:00',
  '2031-12-31T23:59:59Z',
  '2030-06-01T00:00:00.123456+05:30',
];
const WRONG_DATES = ['0000-00-00', '2030-02-30', '10000-01-01', '9999-12-31T23:59:59-14:00', '-271821-04-20'];

const deep = (n: number): string => `${'['.repeat(n)}${']'.repeat(n)}`;

/** Values of the wrong kind, size or spelling. */
export const NASTY: readonly unknown[] = [
  null,
  '',
  ' ',
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  '9'.repeat(400),
  '-0',
  'NaN',
  '0x10',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\ufffe',
  '\u202e',
  '__proto__',
  'constructor',
  "'; drop table enrollment; --",
  '{"$gt":""}',
  '%s%n%00',
  '../../etc/passwd',
  UNKNOWN_ID,
  UNKNOWN_ID.toUpperCase(),
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  `{${UNKNOWN_ID}}`,
  `${UNKNOWN_ID}0`,
  {},
  [],
  [[]],
  [null],
  [{}],
  { toString: 1, hasOwnProperty: 1 },
  { id: [UNKNOWN_ID] },
  'x'.repeat(20_000),
  Array.from({ length: 2_000 }, () => UNKNOWN_ID),
  ...WRONG_DATES,
  new Verbatim('1e999'),
  new Verbatim('9007199254740993'),
  new Verbatim('-1e-999'),
  new Verbatim('9'.repeat(400)),
  new Verbatim('{"__proto__":{"isAdministrator":true}}'),
  new Verbatim('{"constructor":{"prototype":{"x":1}}}'),
  new Verbatim('"\\ud800"'),
  new Verbatim('"\\u0000"'),
  new Verbatim(deep(30)),
  new Verbatim(deep(40)),
  new Verbatim(deep(50_000)),
  new Verbatim('NaN'),
  new Verbatim("'single'"),
  new Verbatim('// comment'),
];

const NASTY_TEXTS = NASTY.filter((value) => typeof value === 'string');
export const nastyText = (random: Random): string => pick(random, NASTY_TEXTS);

/** An id that exists, of the kind the name speaks of; sometimes of another kind, or of none. */
export function idFor(random: Random, name: string, prey: Prey): string {
  if (oneIn(random, 30)) return UNKNOWN_ID;
  const lower = name.toLowerCase();
  const words = Object.keys(prey.ids).filter((word) => lower.includes(word) && prey.ids[word]?.length);
  const word = oneIn(random, 20) || words.length === 0 ? pick(random, Object.keys(prey.ids)) : words.at(-1);
  return pick(random, prey.ids[word ?? ''] ?? [UNKNOWN_ID]) ?? UNKNOWN_ID;
}

/** A value of the shape, valid or nearly so. `name` is the member's, and tells what an id is of. */
export function valueFor(random: Random, shape: Shape, name: string, prey: Prey): unknown {
  switch (shape.kind) {
    case 'scalar':
      return scalarFor(random, shape, name, prey);
    case 'list':
      return Array.from({ length: oneIn(random, 10) ? 0 : 1 + random(4) }, () =>
        valueFor(random, shape.item, name, prey),
      );
    case 'map':
      return {
        login: `l${random(1_000_000)}`,
        email: `e${random(1_000_000)}@x.example`,
        first_name: pick(random, WORDS),
      };
    case 'object': {
      const out: Record<string, unknown> = {};
      for (const [member, { shape: inner, isOptional }] of shape.members)
        if (isOptional ? oneIn(random, 2) : !oneIn(random, 40))
          out[member] = valueFor(random, inner, member, prey);
      return out;
    }
  }
}

function scalarFor(
  random: Random,
  shape: Extract<Shape, { kind: 'scalar' }>,
  name: string,
  prey: Prey,
): unknown {
  if (shape.values) return pick(random, shape.values);
  if (shape.format === 'uuid') return idFor(random, name, prey);
  if (shape.format === 'date-time') return pick(random, oneIn(random, 8) ? WRONG_DATES : DATES);
  if (shape.type === 'boolean') return pick(random, [true, false, 1, 0, 'true', '0']);
  if (shape.type === 'integer') {
    const from = shape.minimum ?? 0;
    // Seconds of waiting for what may never happen.
    const most = name === 'wait' ? 2 : 1_000;
    return from + random(Math.min((shape.maximum ?? 1_000) - from, most) + 1);
  }
  if (shape.type === 'decimal') return random(10_000) / 100;
  if (/id$/i.test(name)) return idFor(random, name, prey);
  if (/date|time/i.test(name)) return pick(random, DATES);
  return oneIn(random, 3) ? `text ${random(1_000_000)}` : pick(random, WORDS);
}

/** The value with one of its parts replaced, doubled, renamed or gone. */
export function spoil(random: Random, value: unknown): unknown {
  const isInside = typeof value === 'object' && value !== null && !(value instanceof Verbatim);
  if (!isInside || oneIn(random, 5)) return pick(random, NASTY);
  if (Array.isArray(value)) {
    if (value.length === 0 || oneIn(random, 3)) return [...value, pick(random, NASTY), ...value];
    const place = random(value.length);
    return value.map((entry, n) => (n === place ? spoil(random, entry) : entry));
  }
  const entries = Object.entries(value);
  if (entries.length === 0 || oneIn(random, 6))
    return Object.fromEntries([...entries, [nastyText(random).slice(0, 50), pick(random, NASTY)]]);
  const place = random(entries.length);
  return Object.fromEntries(
    entries.flatMap(([name, inner], n): [string, unknown][] => {
      if (n !== place) return [[name, inner]];
      if (oneIn(random, 6)) return [];
      return [[name, spoil(random, inner)]];
    }),
  );
}

/** JSON text; sometimes with a member twice. */
export function toJsonText(random: Random, value: unknown): string {
  if (value instanceof Verbatim) return value.text;
  if (Array.isArray(value)) return `[${value.map((entry) => toJsonText(random, entry)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([name, inner]) => `${JSON.stringify(name)}:${toJsonText(random, inner)}`,
    );
    if (members.length > 0 && oneIn(random, 50)) members.push(pick(random, members));
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

const escapeXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** What stands inside an element; the shape names the items of lists. */
export function toXmlText(shape: Shape | null, value: unknown): string {
  if (Array.isArray(value)) {
    const item = shape?.kind === 'list' ? shape : null;
    const name = item?.itemName ?? 'id';
    return value.map((entry) => `<${name}>${toXmlText(item?.item ?? null, entry)}</${name}>`).join('');
  }
  if (typeof value === 'object' && value !== null && !(value instanceof Verbatim)) {
    const members: ReadonlyMap<string, Member> = shape?.kind === 'object' ? shape.members : new Map();
    return Object.entries(value)
      .map(([name, inner]) => `<${name}>${toXmlText(members.get(name)?.shape ?? null, inner)}</${name}>`)
      .join('');
  }
  return escapeXml(value instanceof Verbatim ? value.text : String(value ?? ''));
}

/** Names with brackets, as forms and query strings have them, in one of their spellings. */
export function toPairs(random: Random, value: unknown): [string, string][] {
  const spelling = random(4);
  const walk = (name: string, inner: unknown): [string, string][] => {
    if (Array.isArray(inner)) {
      if (spelling === 3 && inner.every((entry) => typeof entry === 'string'))
        return [[name, inner.join(',')]];
      return inner.flatMap((entry, place) =>
        walk(spelling === 0 ? name : spelling === 1 ? `${name}[]` : `${name}[${place}]`, entry),
      );
    }
    if (typeof inner === 'object' && inner !== null && !(inner instanceof Verbatim))
      return Object.entries(inner).flatMap(([part, below]) => walk(`${name}[${part}]`, below));
    return [[name, inner instanceof Verbatim ? inner.text : String(inner ?? '')]];
  };
  if (typeof value !== 'object' || value === null || value instanceof Verbatim) return walk('value', value);
  return Object.entries(value).flatMap(([name, inner]) => walk(name, inner));
}
