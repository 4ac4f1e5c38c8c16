import { SaxesParser } from 'saxes';
import { Refusal, refuse } from '../kernel/errors.ts';
import { scalarOf } from './decode.ts';
import { MAX_DEPTH } from './json.ts';
import { isIdList, memberNamed, type Shape } from './wire.ts';

/**
 * Where XML is read. The parser's events walk the shape, not the document: a list of one stays a list, unknown
 * elements are skipped, the root's name and all attributes are ignored, and no tree is built.
 */

const MAX_ATTRIBUTES = 64;

type Item = Extract<Shape, { kind: 'list' }>;

/** What is open. `text` collects characters; `close` hands the finished value to the parent. */
interface Frame {
  readonly kind: 'object' | 'scalar' | 'list' | 'map' | 'entry' | 'skip';
  readonly shape: Shape | null;
  text: string;
  /** object: its members so far; map and entry: name → text */
  readonly value: Record<string, unknown> | null;
  readonly name: string;
  /** list: the values so far, and whether an element stood inside this one */
  readonly values: unknown[] | null;
  hasChild: boolean;
  /** A list element without a wrapper that turned out to be an item itself */
  asItem: Frame | null;
}

const frame = (
  kind: Frame['kind'],
  shape: Shape | null,
  name: string,
  value: Frame['value'] = null,
  values: Frame['values'] = null,
): Frame => ({ kind, shape, name, text: '', value, values, hasChild: false, asItem: null });

const localName = (name: string): string => {
  const colon = name.indexOf(':');
  return colon < 0 ? name : name.slice(colon + 1);
};

/**
 * XML text → plain value of the shape. Refuses `request.malformed_xml` with line and column, `request.doctype`
 * (so that no entity is ever declared), and `request.too_deep`.
 */
export function readXml(shape: Shape, text: string): unknown {
  try {
    return read(shape, text, feedPastRuns);
  } catch (error) {
    if (!(error instanceof MalformedXml)) throw error;
    // Only a parser that saw every character knows line and column.
    read(shape, text, (parser) => parser.write(text));
    throw error;
  }
}

class MalformedXml extends Refusal {}

type Feed = (parser: SaxesParser, text: string, top: () => Frame | undefined) => void;

function read(shape: Shape, text: string, feed: Feed): unknown {
  const parser = new SaxesParser({});
  const stack: Frame[] = [];
  let root: Frame | null = null;
  let attributes = 0;
  const place = () => ({ line: parser.line, column: parser.column + 1 });
  parser.on('error', (error) => {
    const detail = error.message.replace(/^\d+:\d+:\s*/, '').replace(/\.$/, '');
    throw new MalformedXml('request.malformed_xml', { detail, ...place() });
  });
  parser.on('doctype', () => {
    throw new MalformedXml('request.doctype', place());
  });
  parser.on('attribute', () => {
    if (++attributes > MAX_ATTRIBUTES)
      refuse('request.invalid', {
        field: 'body',
        detail: `an element has more than ${MAX_ATTRIBUTES} attributes`,
      });
  });
  parser.on('opentag', (tag) => {
    attributes = 0;
    if (stack.length >= MAX_DEPTH) refuse('request.too_deep', { limit: MAX_DEPTH });
    const parent = stack.at(-1);
    const opened = parent ? child(parent, localName(tag.name)) : openRoot(shape, tag.name);
    root ??= opened;
    stack.push(opened);
  });
  const characters = (part: string): void => {
    const top = stack.at(-1);
    if (top && top.kind !== 'skip' && top.kind !== 'object') top.text += part;
  };
  parser.on('text', characters);
  parser.on('cdata', characters);
  parser.on('closetag', () => {
    const closed = stack.pop();
    if (closed) close(closed, stack.at(-1));
  });
  feed(parser, text, () => stack.at(-1));
  parser.close();
  return root === null ? undefined : finished(root);
}

const UUID = '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}';
/** Two plain elements of one id each, one after the other: where a run may begin. */
const RUN = new RegExp(`<(\\w{1,50})>(${UUID})</\\1>(?=\\s*<\\1>${UUID}</\\1>)`, 'g');

/**
 * Gives the parser the text, except long runs of `<id>…</id>`, whose ids are taken at once: a body is little else, and
 * the parser, which goes character by character, takes eight times as long as JSON does. That the text is content
 * of a list, not of a comment or a CDATA section, shows when the parser reads the first element of the run: the list grows.
 */
function feedPastRuns(parser: SaxesParser, text: string, top: () => Frame | undefined): void {
  let fed = 0;
  RUN.lastIndex = 0;
  for (let begin = RUN.exec(text); begin !== null; begin = RUN.exec(text)) {
    const [first, name = ''] = begin;
    parser.write(text.slice(fed, begin.index));
    const list = top();
    const count = list?.values?.length ?? 0;
    parser.write(first);
    fed = begin.index + first.length;
    const isRead = list?.shape && isIdList(list.shape) && top() === list && list.values?.length === count + 1;
    const end = endOfRun(text, fed, name, isRead ? list.values : null);
    if (!isRead) parser.write(text.slice(fed, end));
    fed = end;
    RUN.lastIndex = end;
  }
  parser.write(text.slice(fed));
}

/** Where the elements `<name>id</name>` end that follow one another from here; their ids go into `values`. */
function endOfRun(text: string, from: number, name: string, values: unknown[] | null): number {
  const entry = new RegExp(`\\s*<${name}>(${UUID})</${name}>`, 'y');
  let end = from;
  entry.lastIndex = from;
  for (let match = entry.exec(text); match !== null; match = entry.exec(text)) {
    values?.push(match[1]);
    end = entry.lastIndex;
  }
  return end;
}

const openRoot = (shape: Shape, name: string): Frame => open(shape, localName(name), null);

function open(shape: Shape, name: string, values: unknown[] | null): Frame {
  switch (shape.kind) {
    case 'scalar':
      return frame('scalar', shape, name);
    case 'object':
      return frame('object', shape, name, {});
    case 'map':
      return frame('map', shape, name, Object.create(null));
    case 'list':
      return frame('list', shape, name, null, values ?? []);
  }
}

/** The frame of an element inside another. */
function child(parent: Frame, name: string): Frame {
  if (parent.kind === 'list') return listChild(parent, name);
  parent.hasChild = true;
  if (parent.kind === 'map') return frame('entry', null, name, Object.create(null));
  if (parent.kind === 'entry') return frame('scalar', TEXT, name);
  if (parent.kind !== 'object' || parent.shape?.kind !== 'object') return frame('skip', null, name);
  const member = memberNamed(parent.shape, name);
  if (!member) return frame('skip', null, name);
  const before = parent.value?.[member.name];
  return open(
    member.shape,
    member.name,
    member.shape.kind === 'list' && Array.isArray(before) ? before : null,
  );
}

const TEXT: Shape = { kind: 'scalar', type: 'text', emptyIsAbsent: false };

/** Inside a list element: an item (wrapped), or, when the items are objects, a member of the item that this element is (repeated). */
function listChild(parent: Frame, name: string): Frame {
  const { item, itemName } = parent.shape as Item;
  if (parent.asItem) return child(parent.asItem, name);
  if (item.kind === 'object' && name !== itemName && item.members.has(name) && !parent.hasChild) {
    parent.asItem = open(item, parent.name, null);
    return child(parent.asItem, name);
  }
  parent.hasChild = true;
  return open(item, name, null);
}

/** Hands a finished element to the one around it. */
function close(closed: Frame, parent: Frame | undefined): void {
  if (closed.kind === 'list') closeList(closed);
  if (!parent || closed.kind === 'skip') return;
  const target = parent.asItem ?? parent;
  const value = finished(closed);
  if (target.kind === 'list') target.values?.push(value);
  else if (target.kind === 'map') {
    const pair = closed.value;
    if (pair && typeof pair['name'] === 'string') put(target, pair['name'].trim(), pair['value'] ?? '');
    else put(target, closed.name, closed.text);
  } else if (value !== undefined) put(target, closed.name, value);
}

function put(target: Frame, name: string, value: unknown): void {
  if (target.value) target.value[name] = value;
}

/** `<userIds>…</userIds>` repeated: the element is itself an item. An element without anything is an empty list. */
function closeList(closed: Frame): void {
  const { item } = closed.shape as Item;
  if (closed.asItem) closed.values?.push(finished(closed.asItem));
  else if (!closed.hasChild && item.kind === 'scalar' && closed.text.trim() !== '')
    closed.values?.push(scalarOf(item, closed.text));
}

function finished(closed: Frame): unknown {
  if (closed.kind === 'scalar')
    return closed.shape?.kind === 'scalar' ? scalarOf(closed.shape, closed.text) : undefined;
  return closed.kind === 'list' ? closed.values : closed.value;
}
