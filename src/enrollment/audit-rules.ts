import { PackedIds } from '../kernel/id-set.ts';
import { enrollmentId, readEnrollmentId } from '../kernel/ids.ts';
import type { AuditedChunk, AuditedVersion } from './audit-queries.ts';
import { digestOfDemand } from './demand.ts';
import { unpackGiven } from './packed-terms.ts';
import type { Terms } from './rules.ts';

/** What chunks and versions of enrollments say of each other, told again from what was asked. Pure. */

/** What was to be at an ordinal of a chunk, or of a pair: whose, and at which place of the chunk's terms. */
interface Told {
  /** `learner item`; null where the chunk does not say. */
  readonly pair: string | null;
  readonly place: number;
}

/** A chunk, and everything that it claims to have written. */
export class ToldChunk {
  readonly chunk: AuditedChunk;
  #learners: readonly string[] | null = null;
  #items: readonly Told[] | null = null;
  #rows: readonly (string | null)[] | null = null;
  #places: ReadonlyMap<string, number> | null = null;
  #given: { typeGroup: number; terms: readonly (Terms | null)[] } | null = null;

  constructor(chunk: AuditedChunk) {
    this.chunk = chunk;
  }

  /** Whether what it was asked was kept: not so in chunks from before there were outcomes. */
  get isTold(): boolean {
    return this.chunk.ids.length > 0;
  }

  /** What it created at an ordinal; null if nothing can be there. */
  created(ordinal: number): Told | null {
    if (this.chunk.kind === 'reenroll') return ordinal === 0 ? { pair: null, place: 0 } : null;
    if (this.chunk.kind === 'import') {
      const pair = this.#rowsByPlace()[ordinal];
      return pair ? { pair, place: ordinal } : null;
    }
    if (this.chunk.kind !== 'enroll') return null;
    this.#learners ??= withoutRefused(this.chunk.ids, this.chunk.idReasons).map(({ pair }) => pair ?? '');
    this.#items ??= withoutRefused(this.chunk.itemIds ?? Buffer.alloc(0), this.chunk.itemReasons);
    const item = this.#items[Math.floor(ordinal / Math.max(1, this.#learners.length))];
    const learner = this.#learners[ordinal % Math.max(1, this.#learners.length)];
    return item && learner ? { pair: `${learner} ${item.pair}`, place: item.place } : null;
  }

  /** The place at which it gave other terms to an enrollment; null if it did not. */
  edited(id: string, pair: string): number | null {
    if (this.chunk.kind === 'import') return this.#placesOfRows().get(pair) ?? null;
    return this.chunk.kind === 'edit' && this.named().includes(id) ? 0 : null;
  }

  /** The enrollments that it was asked to change or end. */
  named(): readonly string[] {
    return this.chunk.itemIds ? [] : new PackedIds(this.chunk.ids).slice(0, this.chunk.ids.length / 16);
  }

  given(place: number): Terms | null | undefined {
    this.#given ??= this.chunk.terms && unpackGiven(this.chunk.terms);
    return this.#given?.terms[place];
  }

  get typeGroup(): number | undefined {
    return this.chunk.terms?.[0];
  }

  /** `learner item` of each row; null where it was refused. */
  #rowsByPlace(): readonly (string | null)[] {
    if (this.#rows) return this.#rows;
    const learners = new PackedIds(this.chunk.ids);
    const items = new PackedIds(this.chunk.itemIds ?? Buffer.alloc(0)).slice(0, learners.length);
    this.#rows = learners
      .slice(0, learners.length)
      .map((learner, place) => (this.chunk.idReasons?.[place] ? null : `${learner} ${items[place]}`));
    return this.#rows;
  }

  #placesOfRows(): ReadonlyMap<string, number> {
    this.#places ??= new Map(
      this.#rowsByPlace().flatMap((pair, place): [string, number][] => (pair ? [[pair, place]] : [])),
    );
    return this.#places;
  }
}

const withoutRefused = (bytes: Buffer, reasons: Buffer | null): Told[] =>
  new PackedIds(bytes)
    .slice(0, bytes.length / 16)
    .map((pair, place) => ({ pair, place }))
    .filter(({ place }) => !reasons?.[place]);

/** What is wrong with a chunk that so many enrollments name as their origin. */
export function faultsOfChunk(told: ToldChunk, created: number, { undone }: Surroundings): string[] {
  const { chunk } = told;
  const faults: string[] = [];
  if (chunk.version >= 2 && !digestOfDemand(chunk, chunk.terms).equals(chunk.digest))
    faults.push(`the digest of chunk ${chunk.chunk} is not that of what it was asked`);
  if (created !== chunk.created)
    faults.push(`chunk ${chunk.chunk} created ${chunk.created} enrollments, ${created} are there`);
  const superseded = chunk.kind && SUPERSEDES[chunk.kind]?.(chunk);
  if (typeof superseded === 'number' && superseded !== chunk.superseded)
    faults.push(
      `chunk ${chunk.chunk} superseded or ended ${superseded} versions, ${chunk.superseded} are there`,
    );
  if (chunk.kind === 'undo') faults.push(...faultsOfUndo(told, undone));
  return faults;
}

/** An undo puts back, or takes away, each enrollment that it was asked for, unless it says why not. */
function faultsOfUndo(told: ToldChunk, undone: ReadonlySet<string>): string[] {
  const { chunk, idReasons } = told.chunk;
  return told.named().flatMap((id, place) => {
    const key = readEnrollmentId(id);
    const isDone = key && undone.has(`${chunk} ${key.chunk} ${key.ordinal}`);
    return isDone || idReasons?.[place]
      ? []
      : [`chunk ${chunk} undid something to enrollment ${id}, which is not there`];
  });
}

/** How many versions a chunk of each kind makes past; an undo makes none, one or two a pair. */
const SUPERSEDES: Readonly<Record<string, (chunk: AuditedChunk) => number>> = {
  edit: (chunk) => chunk.changed,
  import: (chunk) => chunk.changed,
  delete: (chunk) => chunk.changed,
  reenroll: () => 1,
};
/** How the past calls what an operation of each kind did. */
const CAUSES: Readonly<Record<string, string>> = {
  edit: 'edited',
  import: 'edited',
  delete: 'ended',
  reenroll: 'reenrolled',
  undo: 'undone',
};

/** Of numbers of chunks, what they name; of those that re-enrolled, `chunk learner item` of what was replaced. */
export interface Surroundings {
  readonly accountId: number;
  readonly chunks: ReadonlyMap<string, ToldChunk>;
  readonly replaced: ReadonlySet<string>;
  /** Of undoing chunks, what they did: `chunk created ordinal`. */
  readonly undone: ReadonlySet<string>;
}

/** What is wrong, and by which chunk. */
export interface VersionFault {
  readonly chunk: string;
  readonly detail: string;
}

/** The versions of one enrollment in order: each goes on with what superseded the one before it. */
function inOrder(versions: readonly AuditedVersion[]): AuditedVersion[] {
  const left = [...versions].sort(
    (a, b) =>
      Number(BigInt(a.recorded_at) - BigInt(b.recorded_at)) ||
      Number(BigInt(a.version_chunk) - BigInt(b.version_chunk)),
  );
  const ordered: AuditedVersion[] = [];
  while (left.length > 0) {
    const before = ordered.at(-1);
    const next = left.findIndex((one) =>
      before ? one.version_chunk === before.past_chunk : one.version_chunk === one.chunk,
    );
    ordered.push(...left.splice(Math.max(next, 0), 1));
  }
  return ordered;
}

export function faultsOfEnrollment(
  versions: readonly AuditedVersion[],
  around: Surroundings,
): VersionFault[] {
  const faults: VersionFault[] = [];
  const ordered = inOrder(versions);
  ordered.forEach((version, place) => {
    for (const detail of faultsOfVersion(version, ordered[place - 1], ordered[place + 1], around))
      faults.push({
        chunk: version.version_chunk,
        detail: `${nameOf(version, around.accountId)}: ${detail}`,
      });
  });
  return faults;
}

/** Its id, unless it has become none. */
function nameOf({ chunk, ordinal }: AuditedVersion, accountId: number): string {
  const id = idOf(accountId, chunk, ordinal);
  return id ? `enrollment ${id}` : `enrollment ${ordinal} of chunk ${chunk}`;
}

const idOf = (accountId: number, chunk: string, ordinal: number): string | null =>
  ordinal >= 0 && ordinal <= 0xffffff && BigInt(chunk) >= 0n && BigInt(chunk) < 1n << 60n
    ? enrollmentId({ accountId, chunk: BigInt(chunk), ordinal })
    : null;

function faultsOfVersion(
  version: AuditedVersion,
  before: AuditedVersion | undefined,
  next: AuditedVersion | undefined,
  around: Surroundings,
): string[] {
  return [
    ...faultsOfIdentity(version, before, around),
    ...faultsOfTerms(version, around),
    ...faultsOfBeginning(version, before, around),
    ...faultsOfEnd(version, next, around),
  ];
}

const pairOf = (version: AuditedVersion): string => `${version.learner_id} ${version.item_id}`;

function faultsOfIdentity(
  version: AuditedVersion,
  before: AuditedVersion | undefined,
  { chunks, replaced }: Surroundings,
): string[] {
  if (before)
    return pairOf(before) === pairOf(version) && before.term === version.term
      ? []
      : ['learner, item or term are not those of the version before'];
  const faults: string[] = [];
  const origin = chunks.get(version.chunk);
  if (!origin) return [`it comes from chunk ${version.chunk}, which is not there`];
  if (version.version_chunk !== version.chunk) faults.push('its first version is not there');
  if (version.is_term_odd) faults.push(`term ${version.term} is not the one after those before`);
  if (!origin.isTold) return faults;
  const told = origin.created(version.ordinal);
  if (!told) faults.push('its chunk created nothing in its place');
  else if (
    told.pair === null ? !replaced.has(`${version.chunk} ${pairOf(version)}`) : told.pair !== pairOf(version)
  )
    faults.push('learner or item are not those that its chunk was asked for');
  return faults;
}

function faultsOfTerms(version: AuditedVersion, { accountId, chunks }: Surroundings): string[] {
  const number = version.restored_chunk ?? version.version_chunk;
  const origin = chunks.get(number);
  if (!origin) return [`its terms come from chunk ${number}, which is not there`];
  const id = idOf(accountId, version.chunk, version.ordinal);
  const place =
    number === version.chunk
      ? (origin.created(version.ordinal)?.place ?? null)
      : id && origin.edited(id, pairOf(version));
  if (!origin.isTold || origin.chunk.terms === null) return [];
  const terms = typeof place === 'number' ? origin.given(place) : null;
  if (!terms) return [`chunk ${number} gave it no terms`];
  const faults: string[] = [];
  if (micros(terms.accessAt) !== version.access_at) faults.push('the access date is not what was given');
  if (micros(terms.dueAt) !== version.due_at) faults.push('the due date is not what was given');
  if (terms.duePeriodHours !== version.due_period_hours || terms.dueRule !== version.due_rule)
    faults.push('the rule of the due date is not what was given');
  if (terms.lock !== version.lock_after_due) faults.push('the lock is not what was given');
  if (origin.typeGroup !== version.type_group) faults.push('the type group is not what was given');
  return faults;
}

/** As the database spells them; changed bytes may be no instant at all. */
function micros(at: Date | null): string | null {
  if (at === null) return null;
  return Number.isNaN(at.getTime()) ? 'none' : String(BigInt(at.getTime()) * 1000n);
}

function faultsOfBeginning(
  version: AuditedVersion,
  before: AuditedVersion | undefined,
  { chunks }: Surroundings,
): string[] {
  const writer = chunks.get(version.version_chunk);
  if (!writer) return [`it was written by chunk ${version.version_chunk}, which is not there`];
  const faults: string[] = [];
  if ((version.restored_chunk !== null) !== (writer.chunk.kind === 'undo'))
    faults.push('it is marked as brought back by an undo, or not, against what wrote it');
  const goesOn = before?.past_chunk === version.version_chunk;
  const accepted = writer.chunk.acceptedAt;
  const isInTurn = version.has_turn && accepted !== null && BigInt(version.recorded_at) >= BigInt(accepted);
  if (goesOn ? version.recorded_at !== before.past_at : version.recorded_at !== accepted && !isInTurn)
    faults.push('it was recorded at another instant');
  if (before && !goesOn && writer.chunk.kind !== 'undo') faults.push('the version before it is not there');
  return faults;
}

function faultsOfEnd(
  version: AuditedVersion,
  next: AuditedVersion | undefined,
  { accountId, chunks }: Surroundings,
): string[] {
  if (version.past_chunk === null || version.past_at === null)
    return next ? ['a version came after the current one'] : [];
  const ending = chunks.get(version.past_chunk);
  if (!ending) return [`chunk ${version.past_chunk}, which made it past, is not there`];
  const faults: string[] = [];
  const { kind, acceptedAt } = ending.chunk;
  if (version.past_cause !== CAUSES[kind ?? ''])
    faults.push(`it is ${version.past_cause} by an operation of kind ${kind}`);
  if (
    acceptedAt !== null &&
    BigInt(version.past_at) !== later(BigInt(version.recorded_at), BigInt(acceptedAt))
  )
    faults.push('it became past at another instant');
  if (version.left_chunk !== null && version.left_chunk !== '0' && !chunks.has(version.left_chunk))
    faults.push(`it names chunk ${version.left_chunk}, which is not there`);
  if (version.left_chunk !== null && kind !== 'undo') faults.push('it is marked as undone, and was not');
  if (kind === 'edit' && next?.version_chunk !== version.past_chunk)
    faults.push('the version after it is not there');
  const id = idOf(accountId, version.chunk, version.ordinal);
  const isNamed = NAMES_WHAT_ENDS.has(kind ?? '') ? id && isNamedBy(ending, id) : true;
  if (ending.isTold && !isNamed)
    faults.push(`chunk ${version.past_chunk}, which made it past, was not asked to`);
  if (kind === 'import' && id && ending.edited(id, pairOf(version)) === null)
    faults.push(`chunk ${version.past_chunk}, which made it past, was not asked to`);
  return faults;
}

const NAMES_WHAT_ENDS: ReadonlySet<string> = new Set(['edit', 'delete', 'reenroll']);
const later = (one: bigint, other: bigint): bigint => (one > other ? one : other);

/** The sets of large endings, made once for all of their enrollments. */
const namedSets = new WeakMap<ToldChunk, ReadonlySet<string>>();
function isNamedBy(chunk: ToldChunk, id: string): boolean {
  const known = namedSets.get(chunk) ?? new Set(chunk.named());
  namedSets.set(chunk, known);
  return known.has(id);
}
