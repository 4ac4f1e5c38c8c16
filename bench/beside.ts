import type { Engine } from '../test/support/database.ts';
import { enrollAll } from './bulk.ts';
import { openSite } from './site.ts';
import {
  enrollmentBody,
  type Figure,
  type Flags,
  figure,
  openLoop,
  type Part,
  percentile,
  round,
} from './support.ts';

/** Small requests at a steady rate while a large one runs: half for pairs of the large one, half for others. */

const PER_SECOND = 100;
const IDLE_MS = 5_000;
/** The most a small request may wait beside a large one on the embedded engine, at the 99th percentile. */
const EMBEDDED_P99_MS = 100;

interface Measured {
  readonly idleP99: number[];
  readonly p99: number[];
  readonly longest: number[];
  readonly bulkMs: number[];
  readonly solo: number[];
  readonly together: number[];
}

async function measure(engine: Engine, learners: number, courses: number, times: number): Promise<Measured> {
  const rows = learners * courses;
  // Courses for the large requests, solo and together, and for the small ones apart from them.
  const site = await openSite(engine, { learners, courses: courses * times * 2 + times });
  const measured: Measured = { idleP99: [], p99: [], longest: [], bulkMs: [], solo: [], together: [] };
  let n = 0;
  const learner = (): string => site.learnerIds[n++ % learners] ?? '';
  try {
    for (let round = 0; round < times; round++) {
      const apart = site.courseIds[courses * times * 2 + round] ?? '';
      const of = (from: number) => site.courseIds.slice(from * courses, (from + 1) * courses);
      const [alone, own] = [of(round * 2), of(round * 2 + 1)];
      const idle = await openLoop(
        site.url,
        site.token,
        PER_SECOND,
        () => enrollmentBody([learner()], [apart]),
        new Promise((done) => setTimeout(done, IDLE_MS)),
      );
      measured.idleP99.push(percentile(idle, 0.99));
      measured.solo.push((rows / (await enrollAll(site, alone))) * 1000);
      const large = enrollAll(site, own);
      const latencies = await openLoop(
        site.url,
        site.token,
        PER_SECOND,
        () => enrollmentBody([learner()], [n % 2 === 0 ? apart : (own[n % courses] ?? '')]),
        large,
      );
      const bulkMs = await large;
      measured.p99.push(percentile(latencies, 0.99));
      measured.longest.push(Math.max(...latencies));
      measured.bulkMs.push(bulkMs);
      measured.together.push((rows / bulkMs) * 1000);
    }
  } finally {
    await site.close();
  }
  return measured;
}

export const beside: Part = {
  name: 'beside',
  run: async ({ quick, times }: Flags) => {
    const [learners, courses] = quick ? [2_000, 50] : [10_000, 100];
    const postgresql = await measure('postgresql', learners, courses, times);
    const embedded = await measure('embedded', learners, Math.ceil(courses / 4), times);
    const about = { part: 'beside', engine: 'postgresql', unit: 'ms' } as const;
    const figures: Figure[] = [
      figure(
        {
          ...about,
          work: `1 × 1 at ${PER_SECOND}/s beside a request of ${learners * courses} pairs, half of them its own: p99`,
          against: 'p99 on an idle server',
          goal: { at: 'most', ratio: 5 },
        },
        postgresql.p99,
        postgresql.idleP99,
      ),
      figure(
        {
          ...about,
          work: 'the same: the longest',
          against: 'the large request',
          goal: { at: 'most', ratio: 0.5 },
        },
        postgresql.longest,
        postgresql.bulkMs,
      ),
      figure(
        {
          ...about,
          unit: 'rows/s',
          work: 'the large request beside them',
          against: 'alone',
          goal: { at: 'least', ratio: 0.7 },
        },
        postgresql.together,
        postgresql.solo,
      ),
    ];
    const p99 = percentile(embedded.p99, 0.5);
    figures.push({
      ...about,
      engine: 'embedded',
      work: `1 × 1 at ${PER_SECOND}/s beside a large request: p99`,
      value: round(p99),
      against: 'the limit',
      base: EMBEDDED_P99_MS,
      ratio: round(p99 / EMBEDDED_P99_MS),
      goal: { at: 'most', ratio: 1 },
    });
    return figures;
  },
};
