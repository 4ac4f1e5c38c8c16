import os from 'node:os';
import { parentPort } from 'node:worker_threads';
import { Refusal } from '../kernel/errors.ts';
import { PackedIds, sortedDistinct } from '../kernel/id-set.ts';
import { type BodyKind, decodeBody } from './body.ts';
import { CheckedIds, type IdFault } from './checked-ids.ts';
import { isIdList, type Shape, show } from './wire.ts';

/**
 * Decodes large bodies in a thread of its own, one after another. What takes long there takes nothing of the event
 * loop that answers requests: parsing, checking ids, and sorting those whose order means nothing. Long lists of ids
 * go back packed, as everything else is copied.
 */

export interface Task {
  readonly id: number;
  readonly shape: Shape;
  readonly parts: readonly Uint8Array[];
  readonly kind: BodyKind;
  readonly contentType: string;
  readonly formDefaults: Readonly<Record<string, string>>;
}

/** A list of ids that was a member of the body. */
export interface PackedMember {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly faults: readonly IdFault[];
}

export type Outcome =
  | { readonly id: number; readonly value: unknown; readonly members: readonly PackedMember[] }
  | { readonly id: number; readonly refusal: { code: Refusal['code']; details: Refusal['details'] } }
  | { readonly id: number; readonly error: string };

const port = parentPort;
if (!port) throw new Error('this file runs as a worker only');
// Linux alone gives a thread a priority of its own: whoever answers requests goes first.
if (process.platform === 'linux') os.setPriority(0, os.constants.priority.PRIORITY_BELOW_NORMAL);
port.on('message', (task: Task) => {
  void decode(task)
    .catch((error: unknown): Outcome => {
      if (error instanceof Refusal)
        return { id: task.id, refusal: { code: error.code, details: error.details } };
      return { id: task.id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    })
    .then((outcome) =>
      port.postMessage(
        outcome,
        'members' in outcome ? outcome.members.map(({ bytes }) => bytes.buffer as ArrayBuffer) : [],
      ),
    );
});

async function decode({ id, shape, parts, kind, contentType, formDefaults }: Task): Promise<Outcome> {
  const value = await decodeBody(shape, Buffer.concat(parts), kind, contentType, formDefaults);
  if (shape.kind !== 'object' || typeof value !== 'object' || value === null)
    return { id, value, members: [] };
  const rest = value as Record<string, unknown>;
  const members: PackedMember[] = [];
  for (const [name, member] of shape.members) {
    if (!isIdList(member.shape) || !Array.isArray(rest[name])) continue;
    const { ids, faults } = CheckedIds.check(rest[name], show);
    const list = faults.length > 0 ? [] : (ids as readonly string[]);
    // Into memory of its own: a small buffer would be cut from a pool, which must not be given away.
    const packed = PackedIds.of(member.shape.isSet ? sortedDistinct(list) : list).bytes;
    members.push({ name, bytes: Uint8Array.from(packed), faults });
    delete rest[name];
  }
  return { id, value: rest, members };
}
