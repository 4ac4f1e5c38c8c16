import { createHmac, type Hmac } from 'node:crypto';
import { PackedIds, sortedDistinct } from '../kernel/id-set.ts';
import type { Input, Route } from './route.ts';
import type { Shape, Wire } from './wire.ts';

/**
 * What makes two requests the same: method, path, parameters, body and Prefer, as they were understood. JSON and XML,
 * the order of members, of ids in a set, and white space make no difference.
 */

/**
 * Under the key, which is kept nowhere: a password in a body cannot be guessed from a fingerprint in the database.
 */
export function fingerprintOf<Ctx>(
  key: string,
  route: Route<Ctx>,
  input: Pick<Input, 'file' | 'headers'> & { params: unknown; query: unknown; body: unknown },
  prefer: string | string[] | undefined,
): Buffer {
  const hash = createHmac('sha256', key).update(JSON.stringify([route.method, route.path, prefer ?? null]));
  for (const part of ['params', 'query', 'body'] as const) {
    const wire: Wire<unknown> | null = route[part];
    hash.update(`\n${part}`);
    if (wire) feed(hash, wire.shape, input[part]);
  }
  for (const [name, value] of Object.entries(input.headers))
    if (value !== undefined) hash.update(`\n${name} ${JSON.stringify(value)}`);
  if (route.upload) hash.update(`\nfile ${input.file.charset ?? ''} `).update(input.file.bytes);
  return hash.digest();
}

/** Every value ends visibly, and lists say how long they are, so that no two requests run into the same bytes. */
function feed(hash: Hmac, shape: Shape, value: unknown): void {
  if (value === undefined || value === null) hash.update('-,');
  else if (value instanceof PackedIds) feedIds(hash, value);
  else if (shape.kind === 'list' && Array.isArray(value)) {
    if (shape.isSet) feedIds(hash, PackedIds.of(sortedDistinct(value as string[])));
    else {
      hash.update(`[${value.length},`);
      for (const entry of value) feed(hash, shape.item, entry);
    }
  } else if (shape.kind === 'object') {
    for (const [name, member] of shape.members)
      feed(hash, member.shape, (value as Record<string, unknown>)[name]);
  } else if (shape.kind === 'map') hash.update(JSON.stringify(Object.entries(value).sort(byName)));
  else hash.update(`${JSON.stringify(value)},`);
}

const feedIds = (hash: Hmac, ids: PackedIds): Hmac => hash.update(`{${ids.length},`).update(ids.bytes);

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);
