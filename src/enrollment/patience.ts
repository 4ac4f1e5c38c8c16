import type { Context } from '../access/index.ts';

/** How long a caller waits for what it asked (RFC 7240: `respond-async`, and `wait=` seconds with it). */

/** As long as callers may wait for what they would rather ask after later. */
const LONGEST_WAIT_S = 60;

/** Milliseconds after which the caller wants an answer, complete or not; null: it waits for the end. */
export function patienceOf({ preferences }: Pick<Context, 'preferences'>): number | null {
  if (!preferences.has('respond-async')) return null;
  const wait = preferences.get('wait') ?? '';
  return /^\d+$/.test(wait) ? Math.min(Number(wait), LONGEST_WAIT_S) * 1_000 : 0;
}

/** Whether work ended within so many milliseconds; throws what it threw by then. */
export async function endsWithin(work: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const time = new Promise<boolean>((done) => {
    timer = setTimeout(() => done(false), ms);
  });
  try {
    return await Promise.race([work.then(() => true), time]);
  } finally {
    clearTimeout(timer);
  }
}
