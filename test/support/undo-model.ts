/**
 * What undo means, in the simplest words: every change of a pair leads from one state to another, both named by a number
 * of their own; undoing leads back, if the pair is in the state to which the change led and nothing speaks against it.
 */

export interface Touch {
  readonly pair: string;
  readonly from: number;
  readonly to: number;
}

interface Operation {
  readonly kind: string;
  readonly cause: string | null;
  /** Grows with every operation. */
  readonly serial: number;
  readonly touches: readonly Touch[];
  /** Pairs that it was told are so already. */
  readonly unchanged: ReadonlySet<string>;
  isUndone: boolean;
}

/** Work of a learner: in which state of the pair, and after how many operations. */
interface Work {
  readonly pair: string;
  readonly term: number;
  readonly serial: number;
}

/** What a pair has in a state: an enrollment, its term; null: nothing. */
export type Had = { readonly id: string; readonly term: number } | null;

export class UndoModel {
  readonly operations = new Map<string, Operation>();
  readonly #states = new Map<string, number>();
  readonly #had: Had[] = [null];
  readonly #work: Work[] = [];

  stateOf(pair: string): number {
    return this.#states.get(pair) ?? 0;
  }

  hadIn(state: number): Had {
    return this.#had[state] ?? null;
  }

  /** An operation changed these pairs, to have what is given; others it was told are so already. */
  record(id: string, kind: string, changed: ReadonlyMap<string, Had>, unchanged: Iterable<string>): void {
    const touches = [...changed].map(([pair, had]) => {
      const from = this.stateOf(pair);
      const to = this.#had.push(had) - 1;
      this.#states.set(pair, to);
      return { pair, from, to };
    });
    this.#add(id, kind, null, touches, new Set(unchanged));
  }

  #add(
    id: string,
    kind: string,
    cause: string | null,
    touches: readonly Touch[],
    unchanged: ReadonlySet<string>,
  ): void {
    const serial = this.operations.size;
    this.operations.set(id, { kind, cause, serial, touches, unchanged, isUndone: false });
  }

  work(pair: string): void {
    const had = this.hadIn(this.stateOf(pair));
    if (had) this.#work.push({ pair, term: had.term, serial: this.operations.size });
  }

  /** Whether it may be undone now: each undo in turn as it left what it undid. */
  isInTurn(id: string): boolean {
    let isUndone = false;
    for (let at: string | null = id; at !== null; at = this.#at(at).cause) {
      if (this.#at(at).isUndone !== isUndone) return false;
      isUndone = !isUndone;
    }
    return true;
  }

  /** Pair → why it would be kept, or null. */
  judge(id: string): Map<string, string | null> {
    const { touches, serial } = this.#at(id);
    return new Map(touches.map((touch) => [touch.pair, this.#whyKept(touch, serial)]));
  }

  #whyKept({ pair, from, to }: Touch, serial: number): string | null {
    if (this.stateOf(pair) !== to) return 'changed_since';
    const [before, after] = [this.hadIn(from), this.hadIn(to)];
    const isHidden = after !== null && before?.id !== after.id;
    const hasWorked = this.#work.some(
      (work) => work.pair === pair && work.serial > serial && work.term >= (after?.term ?? 0),
    );
    if (isHidden && hasWorked) return 'progressed_since';
    const isConfirmed = [...this.operations.values()].some(
      (later) =>
        later.serial > serial && later.kind !== 'undo' && !later.isUndone && later.unchanged.has(pair),
    );
    return isConfirmed ? 'confirmed_since' : null;
  }

  /** Leads back what {@link judge} has nothing against. */
  undo(undoId: string, id: string): void {
    const judged = this.judge(id);
    const touches = this.#at(id)
      .touches.filter(({ pair }) => judged.get(pair) === null)
      .map(({ pair, from, to }) => ({ pair, from: to, to: from }));
    for (const { pair, to } of touches) this.#states.set(pair, to);
    this.#add(undoId, 'undo', id, touches, new Set());
    let isUndone = true;
    for (let at: string | null = id; at !== null; at = this.#at(at).cause) {
      this.#at(at).isUndone = isUndone;
      isUndone = !isUndone;
    }
  }

  #at(id: string): Operation {
    const operation = this.operations.get(id);
    if (!operation) throw new Error(`no operation ${id}`);
    return operation;
  }
}
