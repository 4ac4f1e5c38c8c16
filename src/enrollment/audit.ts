import type { Fault } from '../operations/index.ts';
import type { Database, ReadTx } from '../storage/index.ts';
import * as queries from './audit-queries.ts';
import { faultsOfChunk, faultsOfEnrollment, type Surroundings, ToldChunk } from './audit-rules.ts';

/** Whether enrollments and their history are what the chunks of the ledger say; in slices, whatever the account's size. */

/** Looked at together: enrollments, and chunks. */
const SLICE = { enrollments: 5_000, chunks: 1_000 };
const BEFORE_ALL = -(2n ** 63n);

export interface Audited {
  readonly chunks: number;
  /** Of these, those from before terms were kept: of their enrollments only who and what is known. */
  readonly old: number;
  readonly versions: number;
  /** Chunks that have no place in the chain yet. */
  readonly unsealed: number;
}

/** Walks the account's chunks and the enrollments that each created, in every version. */
export async function* auditEnrollments(db: Database, accountId: number): AsyncGenerator<Fault, Audited> {
  const audited = { chunks: 0, old: 0, versions: 0 };
  const unsealed = await db.read((tx) => queries.countUnsealed(tx, accountId));
  for (let after = BEFORE_ALL; ; ) {
    const { chunks, versions, around } = await db.read((tx) => loadSlice(tx, accountId, after));
    yield* faultsOf(chunks, versions, around);
    audited.chunks += chunks.length;
    audited.old += chunks.filter(({ chunk }) => chunk.terms === null && chunk.version === 1).length;
    audited.versions += versions.length;
    const last = chunks.at(-1);
    if (!last) return { ...audited, unsealed };
    after = last.chunk.chunk;
  }
}

async function loadSlice(tx: ReadTx, accountId: number, after: bigint) {
  const chunks = (await queries.chunksAfter(tx, accountId, after, SLICE)).map(
    (chunk) => new ToldChunk(chunk),
  );
  const upTo = chunks.at(-1)?.chunk.chunk ?? null;
  const versions = await queries.versionsWithin(tx, accountId, after, upTo);
  const known = new Map(chunks.map((told) => [String(told.chunk.chunk), told]));
  const named = new Set(
    versions.flatMap((version) =>
      [
        version.chunk,
        version.version_chunk,
        version.restored_chunk,
        version.past_chunk,
        version.left_chunk,
      ].filter((number) => number !== null && !known.has(number)),
    ),
  );
  const others = await queries.chunksOf(
    tx,
    accountId,
    [...named].map((number) => BigInt(number ?? 0)),
  );
  for (const chunk of others) known.set(String(chunk.chunk), new ToldChunk(chunk));
  const numbersOf = (kind: string) =>
    [...known.values()].filter(({ chunk }) => chunk.kind === kind).map(({ chunk }) => chunk.chunk);
  const replaced = await queries.replacedBy(tx, accountId, numbersOf('reenroll'));
  const undone = await queries.undoneBy(tx, accountId, numbersOf('undo'));
  return { chunks, versions, around: { accountId, chunks: known, replaced, undone } };
}

function* faultsOf(
  chunks: readonly ToldChunk[],
  versions: readonly queries.AuditedVersion[],
  around: Surroundings,
): Generator<Fault> {
  const enrollments = new Map<string, queries.AuditedVersion[]>();
  const created = new Map<string, number>();
  for (const version of versions) {
    const key = `${version.chunk} ${version.ordinal}`;
    const own = enrollments.get(key);
    if (own) own.push(version);
    else {
      enrollments.set(key, [version]);
      created.set(version.chunk, (created.get(version.chunk) ?? 0) + 1);
    }
  }
  for (const told of chunks)
    for (const detail of faultsOfChunk(told, created.get(String(told.chunk.chunk)) ?? 0, around))
      yield { position: told.chunk.position, operationId: told.chunk.operationId, detail };
  for (const own of enrollments.values())
    for (const { chunk, detail } of faultsOfEnrollment(own, around)) {
      const by = around.chunks.get(chunk)?.chunk;
      yield { position: by?.position ?? null, operationId: by?.operationId ?? null, detail };
    }
}
