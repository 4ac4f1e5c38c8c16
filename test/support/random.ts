/** A small generator with a seed, so that a failure can be repeated: ROLLBOOK_SEED=… */
export const SEED = Number(process.env['ROLLBOOK_SEED'] ?? Date.now() % 100_000);

/** Whole numbers from 0 to below. */
export type Random = (below: number) => number;

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  // mulberry32: 32 bits of state, good enough for choosing test data.
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Counts of a test: few in `npm test`, all of them in `npm run torture`. */
export const count = (few: number, all: number): number => (process.env['ROLLBOOK_TORTURE'] ? all : few);
