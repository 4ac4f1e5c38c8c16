import { PackedIds } from '../kernel/id-set.ts';
import { readTerms, TERMS_BYTES, writeTerms } from './packed-terms.ts';
import type { Terms } from './rules.ts';

/** Rows with terms of their own, as a large operation keeps them until they are written: a million are 46 MB, and any part of them is a slice. */
export interface PackedRows {
  /** 16 bytes a row: its content item. */
  readonly items: Buffer;
  /** 30 bytes a row: its terms, and what is to be done. */
  readonly terms: Buffer;
}

/** What is to be done with the pair of a row. */
export type Todo =
  | { readonly do: 'create'; readonly terms: Terms }
  /** Unless it is no longer in the version that was judged. */
  | { readonly do: 'change'; readonly terms: Terms; readonly version: bigint }
  | { readonly do: 'leave' };

export interface PackableRow {
  readonly itemId: string;
  readonly todo: Todo;
}

export type PlannedRow = PackableRow & { readonly learnerId: string };

/** Rows that are going to be written, gathered some thousand at a time and packed at once. */
export class RowPlan {
  readonly #learners: Buffer[] = [];
  readonly #items: Buffer[] = [];
  readonly #terms: Buffer[] = [];
  /** How many rows there are of each kind. */
  readonly counts: Record<Todo['do'], number> = { create: 0, change: 0, leave: 0 };

  add(rows: readonly PlannedRow[]): void {
    for (const { todo } of rows) this.counts[todo.do]++;
    const { items, terms } = packRows(rows);
    this.#learners.push(PackedIds.of(rows.map(({ learnerId }) => learnerId)).bytes);
    this.#items.push(items);
    this.#terms.push(terms);
  }

  toPacked(): { ids: PackedIds; rows: PackedRows } {
    return {
      ids: new PackedIds(Buffer.concat(this.#learners)),
      rows: { items: Buffer.concat(this.#items), terms: Buffer.concat(this.#terms) },
    };
  }

  /** As they were gathered. */
  *parts(): Generator<PlannedRow[]> {
    for (const [part, bytes] of this.#learners.entries()) {
      const learners = new PackedIds(bytes);
      const rows = { items: this.#items[part] ?? NO_BYTES, terms: this.#terms[part] ?? NO_BYTES };
      const learnerIds = learners.slice(0, learners.length);
      yield unpackRows(rows, 0, learners.length).map((row, place) => ({
        ...row,
        learnerId: learnerIds[place] ?? '',
      }));
    }
  }
}

const NO_BYTES = Buffer.alloc(0);

const BYTES = 8 + TERMS_BYTES;
/** In the place of a version: those of enrollments are numbers of chunks, and positive. */
const CREATE = 0n;
const LEAVE = -1n;

export function packRows(rows: readonly PackableRow[]): PackedRows {
  const terms = Buffer.alloc(rows.length * BYTES);
  rows.forEach(({ todo }, place) => {
    const at = place * BYTES;
    if (todo.do === 'leave') {
      terms.writeBigInt64BE(LEAVE, at);
      return;
    }
    terms.writeBigInt64BE(todo.do === 'create' ? CREATE : todo.version, at);
    writeTerms(terms, at + 8, todo.terms);
  });
  return { items: PackedIds.of(rows.map(({ itemId }) => itemId)).bytes, terms };
}

export function unpackRows({ items, terms }: PackedRows, from: number, to: number): PackableRow[] {
  return new PackedIds(items).slice(from, to).map((itemId, place) => ({
    itemId,
    todo: readTodo(terms, (from + place) * BYTES),
  }));
}

function readTodo(bytes: Buffer, at: number): Todo {
  const version = bytes.readBigInt64BE(at);
  if (version === LEAVE) return { do: 'leave' };
  const terms = readTerms(bytes, at + 8);
  return version === CREATE ? { do: 'create', terms } : { do: 'change', terms, version };
}
