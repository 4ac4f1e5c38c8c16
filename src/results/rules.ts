/** How many enrollments one statement looks at while the results of a page are looked for. */

/** Fewer cost a round trip and spare nothing; more hold a connection for long. */
const [LEAST, MOST] = [100, 50_000];
/** A stretch is at most so many times as long as the one before, as long as hardly anything is found. */
const GROWTH = 4;
/** A little more than is expected to be needed, so that the next stretch is mostly the last. */
const MARGIN = 1.25;

const within = (many: number): number => Math.min(Math.max(Math.ceil(many), LEAST), MOST);

/** For so many results, and the enrollment a reader stands at, which is read again. */
export const firstStretch = (wanted: number): number => within(wanted + 1);

/** After a stretch that had so many results, when more are missing: as many as let expect them. */
export const nextStretch = (many: number, found: number, missing: number): number =>
  within(Math.min(many * GROWTH, found === 0 ? MOST : (missing / found) * many * MARGIN));
