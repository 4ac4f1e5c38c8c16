import { sql } from 'kysely';
import { openSite, type Sizes } from './site.ts';
import { Caller, type Figure, figure, millisecondsOf, type Part, percentile, round } from './support.ts';

/** The first page of every list, at its default size, from a small account and a large one, on PostgreSQL. */

/** Enough that the 99th percentile is not the one longest. */
const REQUESTS = 200;
const P99_MS = 100;

const LISTS: readonly string[] = [
  '/enrollments',
  '/users',
  '/users/v2',
  '/departments',
  '/groups',
  '/contents',
  '/courses/modules',
  '/learners/results',
  '/learners/modules/results',
];

interface Latencies {
  /** Of a page at its default size, and of one of fifty, in ms. */
  readonly whole: number[];
  readonly fifty: number[];
}

async function measure(sizes: Sizes): Promise<Map<string, Latencies>> {
  const site = await openSite('postgresql', sizes, async (db) => {
    await db.writeOnce(sql`vacuum (analyze)`, 'bulk');
  });
  const caller = await Caller.connect(site.url, site.token);
  const measured = new Map<string, Latencies>();
  const timesOf = async (path: string): Promise<number[]> => {
    const latencies: number[] = [];
    // The first ten only warm up.
    for (let n = -10; n < REQUESTS; n++) {
      const took = await millisecondsOf(async () => {
        const status = await caller.send('GET', path);
        if (status !== 200) throw new Error(`GET ${path} answered ${status}`);
      });
      if (n >= 0) latencies.push(took);
    }
    return latencies;
  };
  try {
    for (const path of LISTS)
      measured.set(path, { whole: await timesOf(path), fifty: await timesOf(`${path}?pageSize=50`) });
  } finally {
    caller.close();
    await site.close();
  }
  return measured;
}

export const pages: Part = {
  name: 'pages',
  run: async ({ quick }) => {
    const large: Sizes = quick
      ? { learners: 5_000, courses: 50, departments: 200, groups: 50, enrollments: 50_000, results: 20_000 }
      : {
          learners: 100_000,
          courses: 500,
          departments: 2_000,
          groups: 500,
          enrollments: 1_000_000,
          results: 1_000_000,
        };
    const few = await measure({
      learners: 2_000,
      courses: 50,
      departments: 100,
      groups: 20,
      enrollments: 10_000,
      results: 10_000,
    });
    const many = await measure(large);
    return [...many].flatMap(([path, latencies]): Figure[] => {
      const p99 = percentile(latencies.whole, 0.99);
      const about = { part: 'pages', engine: 'postgresql', unit: 'ms' } as const;
      return [
        {
          ...about,
          work: `GET ${path}, ${large.enrollments} enrollments, ${large.learners} users: p99`,
          value: round(p99),
          against: 'the limit',
          base: P99_MS,
          ratio: round(p99 / P99_MS),
          goal: { at: 'most', ratio: 1 },
        },
        figure(
          {
            ...about,
            work: `GET ${path}, a page of 50: p50`,
            against: 'p50 at 10,000 enrollments, 2,000 users',
            goal: { at: 'most', ratio: 2 },
          },
          latencies.fifty,
          few.get(path)?.fifty ?? [],
        ),
      ];
    });
  },
};
