import type { z } from 'zod';
import { Refusal } from '../kernel/errors.ts';
import { isIdList, memberNamed, type Shape, show, type Wire } from './wire.ts';

/** The common end of every decoder: texts become scalars as the shape says, then the schema validates. */

const INTEGER = /^[+-]?\d{1,16}$/;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/;

type Scalar = Extract<Shape, { kind: 'scalar' }>;

/** A text as a shape's scalar: number or boolean where it spells one, undefined where empty means absent. */
export function scalarOf(shape: Scalar, text: string): unknown {
  if (shape.type === 'text' && !shape.emptyIsAbsent) return text;
  const trimmed = text.trim();
  if (trimmed === '' && shape.emptyIsAbsent) return undefined;
  if (shape.type === 'integer') return INTEGER.test(trimmed) ? Number(trimmed) : text;
  if (shape.type === 'decimal') return DECIMAL.test(trimmed) ? Number(trimmed) : text;
  if (shape.type === 'boolean') return booleanOf(trimmed) ?? text;
  return trimmed;
}

function booleanOf(text: string): boolean | undefined {
  const word = text.toLowerCase();
  if (word === 'true' || word === '1') return true;
  return word === 'false' || word === '0' ? false : undefined;
}

/** A JSON value brought into shape: unknown members dropped, null as absent, numbers and booleans read from texts. */
export function fromJsonValue(shape: Shape, value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  switch (shape.kind) {
    case 'scalar':
      if (typeof value === 'string') return scalarOf(shape, value);
      if (shape.type === 'text' && typeof value === 'number') return String(value);
      if (shape.type === 'boolean' && (value === 0 || value === 1)) return value === 1;
      return value;
    case 'list':
      if (!Array.isArray(value)) return value;
      // Ids are checked, each, by their schema; nothing else can be done to them here.
      return isIdList(shape) ? value : value.map((entry) => fromJsonValue(shape.item, entry));
    case 'map':
      return Array.isArray(value) ? fromPairs(value) : fromMap(value);
    case 'object': {
      if (typeof value !== 'object' || Array.isArray(value)) return value;
      const out: Record<string, unknown> = {};
      for (const [given, inner] of Object.entries(value)) {
        const member = memberNamed(shape, given);
        const read = member && fromJsonValue(member.shape, inner);
        if (member && read !== undefined) out[member.name] = read;
      }
      return out;
    }
  }
}

function fromPairs(pairs: readonly unknown[]): unknown {
  const out: Record<string, unknown> = Object.create(null);
  for (const pair of pairs) {
    if (typeof pair !== 'object' || pair === null || !('name' in pair) || typeof pair.name !== 'string')
      return pairs;
    out[pair.name] = textOf('value' in pair ? pair.value : '');
  }
  return out;
}

function fromMap(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const out: Record<string, unknown> = Object.create(null);
  for (const [name, inner] of Object.entries(value)) if (inner !== null) out[name] = textOf(inner);
  return out;
}

const textOf = (value: unknown): unknown =>
  value === null ? '' : typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;

const MAX_ISSUES = 10;

/** The validated value; refuses `request.invalid`, naming at most ten faults. */
export function validate<T>(wire: Wire<T>, plain: unknown): T {
  const result = wire.zod.safeParse(plain);
  if (result.success) return result.data;
  throw invalid(result.error.issues);
}

function invalid(issues: readonly z.core.$ZodIssue[]): Refusal {
  const faults = issues.map((issue) => ({ field: fieldOf(issue.path), detail: issue.message }));
  const [first = { field: 'body', detail: 'is invalid' }, ...others] = faults.slice(0, MAX_ISSUES);
  const rest = others.map((fault) => `; ${fault.field}: ${fault.detail}`).join('');
  const more = faults.length > MAX_ISSUES ? `; and ${faults.length - MAX_ISSUES} more` : '';
  return new Refusal('request.invalid', { field: first.field, detail: `${first.detail}${rest}${more}` });
}

function fieldOf(path: readonly PropertyKey[]): string {
  const text = path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${show(String(part))}`))
    .join('');
  return text.replace(/^\./, '') || 'body';
}
