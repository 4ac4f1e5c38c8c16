import { z } from 'zod';
import { parseInstant, type WireInstant } from '../kernel/dates.ts';
import type { Ids } from '../kernel/id-set.ts';
import { isUuid } from '../kernel/ids.ts';
import { CheckedIds } from './checked-ids.ts';

/**
 * The vocabulary of wire schemas. Each word is a pair: the shape, which both codecs and the OpenAPI document walk, and
 * a zod schema, which validates the plain value that every format is decoded into and gives the type.
 */

export type ScalarType = 'text' | 'integer' | 'decimal' | 'boolean';

export type Shape =
  | {
      readonly kind: 'scalar';
      readonly type: ScalarType;
      readonly format?: string;
      readonly values?: readonly string[];
      readonly minimum?: number;
      readonly maximum?: number;
      /** An empty text means that the member was left out: it could not be a value. */
      readonly emptyIsAbsent: boolean;
    }
  | {
      readonly kind: 'list';
      readonly item: Shape;
      readonly itemName: string;
      readonly isWrapped: boolean;
      /** Order and repetition mean nothing. */
      readonly isSet?: true;
    }
  | ObjectShape
  | { readonly kind: 'map' };

export interface ObjectShape {
  readonly kind: 'object';
  readonly members: ReadonlyMap<string, Member>;
  readonly name?: string;
}

export interface Member {
  readonly shape: Shape;
  readonly isOptional: boolean;
  /** Whether requests may spell its name in any case. */
  readonly isAnyCase?: boolean;
  readonly about?: string;
}

export interface Wire<T> {
  readonly shape: Shape;
  readonly zod: z.ZodType<T>;
  readonly isOptional: boolean;
  readonly isAnyCase?: boolean;
  readonly about?: string;
}

export type Infer<W> = W extends Wire<infer T> ? T : never;

const wire = <T>(shape: Shape, zod: z.ZodType<T>): Wire<T> => ({ shape, zod, isOptional: false });

/** What XML 1.0 cannot carry is refused in every format, so that whatever was stored can be answered in both. */
const FORBIDDEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** The value as it appears in a message: short, and without characters that would break a log or a terminal. */
export function show(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  return shown.replace(
    /[\u0000-\u001f\u007f-\u009f\ud800-\udfff\ufffe\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const required = (input: unknown): string | undefined => (input === undefined ? 'is required' : undefined);

const string = (what: string) =>
  z.string({ error: (issue) => required(issue.input) ?? `must be ${what}, got ${show(issue.input)}` });

/** Text without control characters; `min` and `max` count UTF-16 units. */
export function text(options: { min?: number; max?: number } = {}): Wire<string> {
  const { min = 0, max = 10_000 } = options;
  const zod = string('text')
    .refine((value) => !FORBIDDEN.test(value), {
      error: (issue) => `has a control character: ${show(issue.input)}`,
    })
    .refine((value) => value.trim().length >= min, { error: 'must not be empty' })
    .refine((value) => value.length <= max, { error: `must not be longer than ${max} characters` });
  return wire({ kind: 'scalar', type: 'text', emptyIsAbsent: false, maximum: max }, zod);
}

/** A UUID of any version, in either case; lower case inside. */
export function uuid(): Wire<string> {
  const zod = string('a UUID')
    .refine(isUuid, { error: (issue) => `must be a UUID, got ${show(issue.input)}` })
    .transform((value) => value.toLowerCase());
  return wire(
    { kind: 'scalar', type: 'text', format: 'uuid', emptyIsAbsent: true },
    zod as unknown as z.ZodType<string>,
  );
}

/** A whole number; a numeric string is one, too. */
export function integer(options: { min?: number; max?: number } = {}): Wire<number> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = options;
  const range = options.min === undefined ? `at most ${max}` : `from ${min} to ${max}`;
  const zod = z
    .number({ error: (issue) => required(issue.input) ?? `must be a whole number, got ${show(issue.input)}` })
    .refine(Number.isSafeInteger, { error: (issue) => `must be a whole number, got ${show(issue.input)}` })
    .refine((value) => value >= min && value <= max, {
      error: (issue) => `must be ${range}, got ${show(issue.input)}`,
    });
  return wire(
    {
      kind: 'scalar',
      type: 'integer',
      emptyIsAbsent: true,
      ...(options.min === undefined ? {} : { minimum: min }),
      ...(options.max === undefined ? {} : { maximum: max }),
    },
    zod,
  );
}

/** A number with or without a fraction; a numeric string is one, too. */
export function decimal(options: { min: number; max: number } | null = null): Wire<number> {
  const zod = z
    .number({
      error: (issue) => required(issue.input) ?? `must be a number, got ${show(issue.input)}`,
    })
    .refine((value) => !options || (value >= options.min && value <= options.max), {
      error: (issue) => `must be from ${options?.min} to ${options?.max}, got ${show(issue.input)}`,
    });
  const range = options ? { minimum: options.min, maximum: options.max } : {};
  return wire({ kind: 'scalar', type: 'decimal', emptyIsAbsent: true, ...range }, zod);
}

/** true or false, also as text and as 1 or 0. */
export function boolean(): Wire<boolean> {
  const zod = z.boolean({
    error: (issue) => required(issue.input) ?? `must be true or false, got ${show(issue.input)}`,
  });
  return wire({ kind: 'scalar', type: 'boolean', emptyIsAbsent: true }, zod);
}

/** One of these words, exactly. */
export function oneOf<const T extends string>(...values: readonly T[]): Wire<T> {
  const zod = string(`one of ${values.join(', ')}`).refine(
    (value) => (values as readonly string[]).includes(value),
    {
      error: (issue) => `must be one of ${values.join(', ')}, got ${show(issue.input)}`,
    },
  );
  return wire({ kind: 'scalar', type: 'text', values, emptyIsAbsent: true }, zod as unknown as z.ZodType<T>);
}

/** A date or a date and time (kernel/dates.ts says how it may be written). */
export function instant(): Wire<WireInstant> {
  const zod = string('a date').transform((value, context) => {
    const parsed = parseInstant(value);
    if (parsed) return parsed;
    context.addIssue({
      code: 'custom',
      message: `must be a date as YYYY-MM-DD or YYYY-MM-DD HH:MM:SS between the years 1 and 9999, got ${show(value)}`,
    });
    return z.NEVER;
  });
  return wire(
    { kind: 'scalar', type: 'text', format: 'date-time', emptyIsAbsent: true },
    zod as unknown as z.ZodType<WireInstant>,
  );
}

/** May be left out; null is the same. */
export const optional = <T>(inner: Wire<T>): Wire<T | undefined> => ({
  ...inner,
  zod: inner.zod.optional() as unknown as z.ZodType<T | undefined>,
  isOptional: true,
});

/** Decoded and documented as `inner`, but not judged: only other members tell whether it counts. */
export const unjudged = (inner: Wire<unknown>): Wire<unknown> => ({ ...inner, zod: z.unknown() });

/** Says what a member means, for the OpenAPI document. */
export const about = <T>(text: string, inner: Wire<T>): Wire<T> => ({ ...inner, about: text });

/** Requests may spell the member's name in any case. */
export const anyCase = <T>(inner: Wire<T>): Wire<T> => ({ ...inner, isAnyCase: true });

/** The member that a name in a request means, with its own spelling; undefined for an unknown one. */
export function memberNamed(shape: ObjectShape, given: string): { name: string; shape: Shape } | undefined {
  const exact = shape.members.get(given);
  if (exact) return { name: given, shape: exact.shape };
  const lower = given.toLowerCase();
  for (const [name, member] of shape.members)
    if (member.isAnyCase && name.toLowerCase() === lower) return { name, shape: member.shape };
  return undefined;
}

/** Whether a shape is a list of plain ids. */
type IdList = Extract<Shape, { kind: 'list' }> & { readonly item: { readonly format: 'uuid' } };
export const isIdList = (shape: Shape): shape is IdList =>
  shape.kind === 'list' && shape.item.kind === 'scalar' && shape.item.format === 'uuid';

const checkedIds = (min: number) =>
  z.unknown().transform((value, context) => {
    const { ids: found, faults } = CheckedIds.check(value, show);
    const all =
      found.length < min && faults.length === 0 ? [{ place: null, message: 'must not be empty' }] : faults;
    for (const { place, message } of all)
      context.addIssue({ code: 'custom', message, path: place === null ? [] : [place] });
    return all.length > 0 ? z.NEVER : found;
  });

/** UUIDs in lower case: `<courseIds><id>…</id></courseIds>`, or repeated, or one. */
export function ids(options: { min?: number } = {}): Wire<string[]> {
  return wire(
    { kind: 'list', item: uuid().shape, itemName: 'id', isWrapped: true },
    checkedIds(options.min ?? 0) as unknown as z.ZodType<string[]>,
  );
}

/** UUIDs whose order and repetition mean nothing; of large bodies they come packed, sorted and distinct. */
export function idSet(options: { min?: number } = {}): Wire<Ids> {
  return wire(
    { kind: 'list', item: uuid().shape, itemName: 'id', isWrapped: true, isSet: true },
    checkedIds(options.min ?? 0) as unknown as z.ZodType<Ids>,
  );
}

/** A list; in XML `<name><item>…</item></name>`, or the repeated element when not wrapped. Both are read. */
export function list<T>(
  item: Wire<T>,
  options: { item: string; isWrapped?: boolean; min?: number; max?: number },
): Wire<T[]> {
  const zod = z
    .array(item.zod, {
      error: (issue) => required(issue.input) ?? `must be a list, got ${show(issue.input)}`,
    })
    .refine((value) => value.length >= (options.min ?? 0), { error: 'must not be empty' })
    .refine((value) => value.length <= (options.max ?? 1_000_000), {
      error: `must not have more than ${options.max} entries`,
    });
  return wire(
    { kind: 'list', item: item.shape, itemName: options.item, isWrapped: options.isWrapped ?? true },
    zod,
  );
}

type Members = Record<string, Wire<unknown>>;
type OptionalKeys<M extends Members> = { [K in keyof M]: undefined extends Infer<M[K]> ? K : never }[keyof M];
export type ObjectOf<M extends Members> = { [K in Exclude<keyof M, OptionalKeys<M>>]: Infer<M[K]> } & {
  [K in OptionalKeys<M>]?: Infer<M[K]>;
};

/** Members by name, in the order in which they are written. Unknown ones are ignored. `name` makes it a component of the OpenAPI document. */
export function object<M extends Members>(members: M, name?: string): Wire<ObjectOf<M>> {
  const entries = Object.entries(members);
  const zod = z.object(Object.fromEntries(entries.map(([key, member]) => [key, member.zod])), {
    error: (issue) => required(issue.input) ?? `must be an object, got ${show(issue.input)}`,
  });
  const shapes = new Map<string, Member>(
    entries.map(([key, { shape, isOptional, isAnyCase, about: said }]) => [
      key,
      { shape, isOptional, ...(isAnyCase ? { isAnyCase } : {}), ...(said ? { about: said } : {}) },
    ]),
  );
  return wire(
    { kind: 'object', members: shapes, ...(name ? { name } : {}) },
    zod as unknown as z.ZodType<ObjectOf<M>>,
  );
}

/** Profile fields: a map of names to texts, or a list of {name, value}; names in lower case inside. */
export function fieldMap(): Wire<Record<string, string>> {
  const zod = z
    .record(z.string().max(100), text({ max: 1_000 }).zod, {
      error: (issue) => required(issue.input) ?? 'must be a map of names to texts',
    })
    .refine((fields) => !Object.keys(fields).some((name) => FORBIDDEN.test(name)), {
      error: 'has a name with a control character',
    })
    .transform((fields) => {
      const out: Record<string, string> = Object.create(null);
      for (const [name, value] of Object.entries(fields)) out[name.toLowerCase()] = value;
      return out;
    });
  return wire({ kind: 'map' }, zod as unknown as z.ZodType<Record<string, string>>);
}
