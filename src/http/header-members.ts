import type { IncomingHttpHeaders } from 'node:http';
import { scalarOf } from './decode.ts';
import { readJson } from './json.ts';
import type { Shape } from './wire.ts';
import { readXml } from './xml.ts';

/**
 * Some write endpoints take members of their body in request headers, too: `departmentId` in X-Department-Id, `fields` in
 * X-Fields, or as XML in X-Fields-Xml. A route names those members; the body wins where both say something.
 */

/** `sendLoginSMS` → `X-Send-Login-SMS`. */
export function headerOf(member: string): string {
  const words = member.replace(/([a-z])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3-$2').split('-');
  return `X-${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('-')}`;
}

/** The decoded body, with the members that it leaves out and a header carries. */
export function completeFromHeaders(
  shape: Shape,
  plain: unknown,
  members: readonly string[],
  headers: IncomingHttpHeaders,
): unknown {
  if (members.length === 0 || shape.kind !== 'object' || typeof plain !== 'object' || plain === null)
    return plain;
  const carried: Record<string, unknown> = {};
  for (const name of members) {
    const member = shape.members.get(name);
    const header = headerOf(name).toLowerCase();
    const text = headers[header] ?? headers[`${header}-xml`];
    if (member && typeof text === 'string') carried[name] = memberOf(member.shape, decoded(text).trim());
  }
  return { ...carried, ...plain };
}

/** A header's text as a member: XML or JSON by its first character, or a comma-separated list, or a scalar. */
function memberOf(shape: Shape, text: string): unknown {
  if (shape.kind === 'scalar') return scalarOf(shape, text);
  if (text.startsWith('<')) return readXml(shape, text);
  const { item } = shape.kind === 'list' ? shape : { item: null };
  if (item?.kind !== 'scalar' || text.startsWith('[')) return readJson(shape, text);
  const parts = text.split(',').filter((part) => part.trim() !== '');
  return parts.map((part) => scalarOf(item, part));
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Header bytes arrive as Latin-1; most programs send UTF-8. */
function decoded(text: string): string {
  try {
    return decoder.decode(Buffer.from(text, 'latin1'));
  } catch {
    return text;
  }
}
