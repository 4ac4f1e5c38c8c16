import type { PackedIds } from '../kernel/id-set.ts';
import { isUuid } from '../kernel/ids.ts';

/** Why a list of ids is none; `place` is that of the id at fault, null for the list itself. */
export interface IdFault {
  readonly place: number | null;
  readonly message: string;
}

/** With the line that counts the rest, as many faults as a message names. */
const MAX_SHOWN = 9;

/** A list of ids that was looked at, here or by the decoder's thread; without faults `ids` are UUIDs in lower case. */
export class CheckedIds {
  readonly ids: readonly string[] | PackedIds;
  readonly faults: readonly IdFault[];

  constructor(ids: readonly string[] | PackedIds, faults: readonly IdFault[] = []) {
    this.ids = ids;
    this.faults = faults;
  }

  /** A tight loop: a million ids are legal. `show` prints a value for a message. */
  static check(value: unknown, show: (value: unknown) => string): CheckedIds {
    const refused = (message: string): CheckedIds => new CheckedIds([], [{ place: null, message }]);
    if (value instanceof CheckedIds) return value;
    if (value === undefined) return refused('is required');
    if (!Array.isArray(value)) return refused(`must be a list of ids, got ${show(value)}`);
    const ids = new Array<string>(value.length);
    const bad: number[] = [];
    for (let place = 0; place < value.length; place++) {
      const id: unknown = value[place];
      if (typeof id === 'string' && isUuid(id)) ids[place] = id.toLowerCase();
      else bad.push(place);
    }
    const faults: IdFault[] = bad
      .slice(0, MAX_SHOWN)
      .map((place) => ({ place, message: `must be a UUID, got ${show(value[place] ?? null)}` }));
    if (bad.length > MAX_SHOWN)
      faults.push({ place: null, message: `and ${bad.length - MAX_SHOWN} more ids are no UUIDs` });
    return new CheckedIds(ids, faults);
  }
}
