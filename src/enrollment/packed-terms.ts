import type { Terms } from './rules.ts';

/** Terms as they are kept with what was asked: 22 bytes each. */

export const TERMS_BYTES = 22;
/** In the place of the rule: nothing was given here. */
const NONE = 0xff;

export function writeTerms(bytes: Buffer, at: number, terms: Terms): void {
  bytes.writeDoubleBE(terms.accessAt.getTime(), at);
  bytes.writeDoubleBE(terms.dueAt?.getTime() ?? Number.NaN, at + 8);
  bytes.writeInt32BE(terms.duePeriodHours ?? -1, at + 16);
  bytes.writeUInt8(terms.dueRule, at + 20);
  bytes.writeUInt8(terms.lock ? 1 : 0, at + 21);
}

export function readTerms(bytes: Buffer, at: number): Terms {
  const due = bytes.readDoubleBE(at + 8);
  const hours = bytes.readInt32BE(at + 16);
  return {
    accessAt: new Date(bytes.readDoubleBE(at)),
    dueAt: Number.isNaN(due) ? null : new Date(due),
    duePeriodHours: hours < 0 ? null : hours,
    dueRule: bytes.readUInt8(at + 20),
    lock: bytes.readUInt8(at + 21) === 1,
  };
}

/** The terms that a chunk gave, in the order of what it was asked, and the type group of what it created. */
export interface GivenTerms {
  readonly typeGroup: number;
  /** Null where nothing was given. */
  readonly terms: readonly (Terms | null)[];
}

export function packGiven({ typeGroup, terms }: GivenTerms): Buffer {
  const bytes = Buffer.alloc(1 + terms.length * TERMS_BYTES);
  bytes.writeUInt8(typeGroup, 0);
  terms.forEach((own, place) => {
    const at = 1 + place * TERMS_BYTES;
    if (own) writeTerms(bytes, at, own);
    else bytes.writeUInt8(NONE, at + 20);
  });
  return bytes;
}

export function unpackGiven(bytes: Buffer): GivenTerms {
  const terms: (Terms | null)[] = [];
  for (let at = 1; at + TERMS_BYTES <= bytes.length; at += TERMS_BYTES)
    terms.push(bytes.readUInt8(at + 20) === NONE ? null : readTerms(bytes, at));
  return { typeGroup: bytes[0] ?? 0, terms };
}
