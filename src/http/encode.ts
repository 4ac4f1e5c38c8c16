import type { Format } from './negotiate.ts';
import type { ObjectShape, Shape } from './wire.ts';

/** Plain values → JSON or XML text, both by the shape: its members, in its order. */

export const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\r': '&#13;',
};
// Characters that XML cannot carry are refused on the way in; one that got into the data another way must not make the document unreadable.
const UNFIT =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const escapeXml = (text: string): string =>
  text.replace(/[&<>"'\r]/g, (c) => ESCAPES[c] ?? c).replace(UNFIT, '\ufffd');

/** One element, `<name>…</name>`; nothing for an absent value. */
export function toXml(shape: Shape, value: unknown, name: string): string {
  if (value === undefined || value === null) return '';
  return `<${name}>${xmlContent(shape, value)}</${name}>`;
}

/** What stands inside an element. */
export function xmlContent(shape: Shape, value: unknown): string {
  switch (shape.kind) {
    case 'scalar':
      return shape.type === 'boolean' ? (value ? '1' : '0') : escapeXml(String(value));
    case 'list':
      return (value as unknown[]).map((entry) => toXml(shape.item, entry, shape.itemName)).join('');
    case 'map':
      return Object.entries(value as Record<string, string>)
        .map(
          ([name, text]) => `<field><name>${escapeXml(name)}</name><value>${escapeXml(text)}</value></field>`,
        )
        .join('');
    case 'object': {
      let content = '';
      for (const [name, member] of shape.members) {
        const inner = (value as Record<string, unknown>)[name];
        if (member.shape.kind === 'list' && !member.shape.isWrapped)
          content +=
            (inner as unknown[] | undefined)
              ?.map((entry) => toXml((member.shape as Extract<Shape, { kind: 'list' }>).item, entry, name))
              .join('') ?? '';
        else content += toXml(member.shape, inner, name);
      }
      return content;
    }
  }
}

/** The value with just the shape's members, in its order, ready for JSON.stringify. */
function picked(shape: Shape, value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  if (shape.kind === 'list') return (value as unknown[]).map((entry) => picked(shape.item, entry));
  if (shape.kind !== 'object') return value;
  const out: Record<string, unknown> = {};
  for (const [name, member] of shape.members) {
    const inner = picked(member.shape, (value as Record<string, unknown>)[name]);
    if (inner !== undefined) out[name] = inner;
  }
  return out;
}

/** Whether a value has just the shape's members, in its order: a large page that has need not be copied to be written. */
function isAs(shape: Shape, value: unknown): boolean {
  if (value === null) return false;
  if (value === undefined || shape.kind === 'scalar' || shape.kind === 'map') return true;
  if (shape.kind === 'list')
    return shape.item.kind === 'scalar' || (value as unknown[]).every((entry) => isAs(shape.item, entry));
  const members = shape.members.entries();
  for (const name in value as Record<string, unknown>) {
    let next = members.next();
    while (!next.done && next.value[0] !== name) next = members.next();
    if (next.done || !isAs(next.value[1].shape, (value as Record<string, unknown>)[name])) return false;
  }
  return true;
}

export const toJson = (shape: Shape, value: unknown): string =>
  JSON.stringify(isAs(shape, value) ? value : picked(shape, value)) ?? 'null';

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** One record of RFC 4180: the shape's members in its order, absent ones empty. */
export function toCsv(shape: ObjectShape, value: Readonly<Record<string, unknown>>): string {
  const cells = [...shape.members.keys()].map((name) => quoted(String(value[name] ?? '')));
  return `${cells.join(',')}\r\n`;
}

/** The record that names the members. */
export const csvHeader = (shape: ObjectShape): string => `${[...shape.members.keys()].join(',')}\r\n`;

export const CONTENT_TYPE: Record<Format, string> = {
  json: 'application/json; charset=utf-8',
  xml: 'application/xml; charset=UTF-8',
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson; charset=utf-8',
  sse: 'text/event-stream; charset=utf-8',
};
