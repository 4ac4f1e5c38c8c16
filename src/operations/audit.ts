import type { Database } from '../storage/index.ts';
import * as queries from './audit-queries.ts';
import { chainHash } from './rules.ts';

/** Whether the ledger is what was written: its chain of hashes recomputed, and operations held against their chunks. */

/** Something that is not as it was written. */
export interface Fault {
  /** Where in the account's chain; null for what has no place there. */
  readonly position: bigint | null;
  readonly operationId: string | null;
  readonly detail: string;
}

/** Read at a time. */
const AT_ONCE = 1_000;

/** Whoever keeps the end of a chain elsewhere can tell later whether what was before it is still the same. */
export interface ChainEnd {
  readonly position: bigint;
  readonly hash: string;
}

/** Walks the account's chain: positions without a gap, each hash over the one before, and the counter at the last. */
export async function* auditChain(db: Database, accountId: number): AsyncGenerator<Fault, ChainEnd> {
  // Before the walk: what is sealed meanwhile is looked at next time.
  const end = await db.read((tx) => queries.findSeal(tx, accountId));
  let at = { position: 0n, hash: Buffer.alloc(0) as Buffer };
  for (;;) {
    const page = await db.read((tx) => queries.sealedAfter(tx, accountId, at.position, AT_ONCE));
    for (const sealed of page) {
      const { position, operationId, claim } = sealed;
      if (end && at.position === end.position) yield* endFaults(at, end);
      if (position !== at.position + 1n)
        yield { position, operationId, detail: gapBefore(at.position, position) };
      if (!claim)
        yield { position, operationId, detail: `chunk ${sealed.chunk} is of an operation that is not there` };
      else if (!sealed.hash || !chainHash(at.hash, position, claim).equals(sealed.hash))
        yield {
          position,
          operationId,
          detail: `the hash of chunk ${sealed.chunk} is not that of what it claims`,
        };
      at = { position, hash: sealed.hash ?? Buffer.alloc(0) };
    }
    if (page.length < AT_ONCE) break;
  }
  if (!end) yield { position: null, operationId: null, detail: 'the account has no seal' };
  else if (at.position <= end.position) yield* endFaults(at, end);
  else yield* await laterFaults(db, accountId, at.position);
  return { position: at.position, hash: at.hash.toString('hex') };
}

const gapBefore = (before: bigint, position: bigint): string =>
  position === before + 2n
    ? `position ${before + 1n} is missing before it`
    : `positions ${before + 1n} to ${position - 1n} are missing before it`;

type Sealed = { readonly position: bigint; readonly hash: Buffer };

function* endFaults(at: Sealed, end: Sealed): Generator<Fault> {
  const fault = (detail: string): Fault => ({ position: end.position, operationId: null, detail });
  if (at.position < end.position)
    yield fault(`the seal is at ${end.position}, the last chunk at ${at.position}`);
  else if (!at.hash.equals(end.hash)) yield fault('the hash of the seal is not that of the last chunk');
}

/** Positions beyond the counter, unless it has moved on meanwhile. */
async function laterFaults(db: Database, accountId: number, position: bigint): Promise<Fault[]> {
  const now = await db.read((tx) => queries.findSeal(tx, accountId));
  if (now && now.position >= position) return [];
  return [{ position, operationId: null, detail: `the seal is at ${now?.position}, before the last chunk` }];
}

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Walks the account's operations: their counts are those of their chunks, and their state is possible. */
export async function* auditOperations(db: Database, accountId: number): AsyncGenerator<Fault> {
  for (let after = FIRST_ID; ; ) {
    const page = await db.read((tx) => queries.operationsAfter(tx, accountId, after, AT_ONCE));
    for (const operation of page)
      for (const detail of faultsOf(operation))
        yield { position: operation.position, operationId: operation.operationId, detail };
    const last = page.at(-1);
    if (!last || page.length < AT_ONCE) return;
    after = last.operationId;
  }
}

const UNFINISHED = ['accepted', 'running'];

function faultsOf(operation: queries.CheckedOperation): string[] {
  const { state, hasPlan } = operation;
  if (UNFINISHED.includes(state)) return hasPlan ? [] : [`it is ${state}, and nothing is left to write`];
  const faults: string[] = [];
  if (hasPlan) faults.push(`it is ${state}, and something is left to write`);
  if (!operation.isCompleted) faults.push(`it is ${state}, and was never completed`);
  if (!operation.isCounted) faults.push('its counts are not those of its chunks');
  if (state === 'cancelled' && operation.hasEffect && !operation.hasUndo)
    faults.push('it is cancelled, and no undo of what it wrote is there');
  if (state === 'failed' && operation.isWhole) faults.push('it is failed, and everything was written');
  if (state !== 'done' && state !== 'undone') return faults;
  if (!operation.isWhole) faults.push('its counts do not add up to its total');
  if (operation.hasStandingUndo !== (state === 'undone'))
    faults.push(`it is ${state}, and ${operation.hasStandingUndo ? 'an' : 'no'} undo of it stands`);
  return faults;
}
