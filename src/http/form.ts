import { refuse } from '../kernel/errors.ts';
import { scalarOf } from './decode.ts';
import { MAX_DEPTH } from './json.ts';
import { memberNamed, type Shape } from './wire.ts';

/**
 * Names and values: forms and query strings. Bracket names as PHP writes them (`learnerIds[id]`, `courseIds[id][0]`,
 * `fields[email]`, `accessDate[startDate]`) make a tree, which is then read by the shape like any other format.
 */

interface Node {
  readonly values: string[];
  readonly children: Map<string, Node>;
}

const newNode = (): Node => ({ values: [], children: new Map() });

export type Pairs = Iterable<readonly [string, string]>;

export interface FormOptions {
  /** Query strings also carry lists as `a,b,c`. */
  readonly commaSeparated: boolean;
}

/** Pairs → plain value of an object shape. */
export function readPairs(shape: Shape, pairs: Pairs, options: FormOptions): unknown {
  const root = newNode();
  for (const [name, value] of pairs) insert(root, name, value);
  return fromNode(shape, root, options);
}

function insert(root: Node, name: string, value: string): void {
  const open = name.indexOf('[');
  const path =
    open > 0
      ? [
          name.slice(0, open),
          ...name
            .slice(open + 1)
            .replace(/\]$/, '')
            .split(']['),
        ]
      : [name];
  if (path.length > MAX_DEPTH) refuse('request.too_deep', { limit: MAX_DEPTH });
  let node = root;
  for (const part of path) {
    const next = node.children.get(part) ?? newNode();
    node.children.set(part, next);
    node = next;
  }
  node.values.push(value);
}

function fromNode(shape: Shape, node: Node, options: FormOptions): unknown {
  switch (shape.kind) {
    case 'scalar': {
      const last = node.values.at(-1);
      return last === undefined ? undefined : scalarOf(shape, last);
    }
    case 'map': {
      const out: Record<string, unknown> = Object.create(null);
      for (const [name, child] of node.children) out[name] = child.values.at(-1) ?? '';
      return out;
    }
    case 'object': {
      const out: Record<string, unknown> = {};
      for (const [given, child] of node.children) {
        const member = memberNamed(shape, given);
        const value = member && fromNode(member.shape, child, options);
        if (member && value !== undefined) out[member.name] = value;
      }
      return out;
    }
    case 'list':
      return shape.item.kind === 'scalar' ? leaves(shape.item, node, options) : entries(shape, node, options);
  }
}

/** Every value below, whatever the brackets say between: `x`, `x[]`, `x[0]`, `x[id]`, `x[id][0]`. */
function leaves(item: Extract<Shape, { kind: 'scalar' }>, node: Node, options: FormOptions): unknown[] {
  const own = node.values.flatMap((value) => (options.commaSeparated ? value.split(',') : [value]));
  return [
    ...own.filter((value) => value.trim() !== '').map((value) => scalarOf(item, value)),
    ...[...node.children.values()].flatMap((child) => leaves(item, child, options)),
  ];
}

/** Objects by index, `roles[0][roleId]`, or below the item's name, `roles[role][0][roleId]`. */
function entries(shape: Extract<Shape, { kind: 'list' }>, node: Node, options: FormOptions): unknown[] {
  const named = node.children.get(shape.itemName);
  if (named && node.children.size === 1) return entries(shape, named, options);
  const isIndexed = [...node.children.keys()].every((key) => /^\d*$/.test(key));
  return isIndexed
    ? [...node.children.values()].map((child) => fromNode(shape.item, child, options))
    : [fromNode(shape.item, node, options)];
}

/** Decodes one part of a url-encoded text; a broken escape stays as it is written. */
function unescaped(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

/** `a=1&b=2`, url-encoded. */
export function* splitUrlEncoded(text: string): Generator<readonly [string, string]> {
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    yield equals < 0
      ? [unescaped(pair), '']
      : [unescaped(pair.slice(0, equals)), unescaped(pair.slice(equals + 1))];
  }
}
