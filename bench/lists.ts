import { sql } from 'kysely';
import { writeToken } from '../src/enrollment/index.ts';
import { seal } from '../src/operations/index.ts';
import type { Engine } from '../test/support/database.ts';
import { openSite } from './site.ts';
import { Caller, type Figure, type Flags, figure, median, millisecondsOf, type Part } from './support.ts';

/** Pages of 50 from tables of very different size. */

const PAGES = 300;
const SIZE = 50;

interface Shape {
  readonly learners: number;
  readonly courses: number;
}

type Kind = 'the first page' | 'a page in the middle' | 'by learner' | 'by course';

/** The p50 of each kind of page, in ms, once per round. */
async function measure(engine: Engine, shape: Shape, times: number): Promise<Map<Kind, number[]>> {
  const enrollments = shape.learners * shape.courses;
  let middle = '';
  const site = await openSite(engine, { ...shape, enrollments }, async (db) => {
    for (const { account_id } of (
      await db.read((tx) => sql<{ account_id: number }>`select account_id from account`.execute(tx))
    ).rows)
      await seal(db, account_id);
    await db.writeOnce(sql`vacuum (analyze)`, 'bulk');
    const { rows } = await db.read((tx) =>
      sql<{ chunk: string; ordinal: number; position: string }>`
        select e.chunk, e.ordinal, s.position from enrollment e join seal s using (account_id)
        order by e.chunk, e.ordinal offset ${Math.floor(enrollments / 2)} limit 1`.execute(tx),
    );
    const [row] = rows;
    if (!row) throw new Error('there are no enrollments');
    const after = { chunk: BigInt(row.chunk), ordinal: row.ordinal };
    middle = writeToken({ after, seen: BigInt(row.position), late: null });
  });
  const some = (ids: readonly string[], n: number): string => ids[(n * 7_919) % ids.length] ?? '';
  const paths: [Kind, (n: number) => string][] = [
    ['the first page', () => ''],
    ['a page in the middle', () => `&pageToken=${middle}`],
    ['by learner', (n) => `&learnerIds[]=${some(site.learnerIds, n)}`],
    ['by course', (n) => `&courseIds[]=${some(site.courseIds, n)}`],
  ];
  const measured = new Map<Kind, number[]>();
  const caller = await Caller.connect(site.url, site.token);
  try {
    for (let round = -1; round < times; round++)
      for (const [kind, path] of paths) {
        const latencies: number[] = [];
        for (let n = 0; n < PAGES; n++)
          latencies.push(
            await millisecondsOf(async () => {
              const status = await caller.send('GET', `/enrollments?pageSize=${SIZE}${path(n)}`);
              if (status !== 200) throw new Error(`GET /enrollments answered ${status}`);
            }),
          );
        // The first round only warms up.
        if (round >= 0) measured.set(kind, [...(measured.get(kind) ?? []), median(latencies)]);
      }
  } finally {
    caller.close();
    await site.close();
  }
  return measured;
}

export const lists: Part = {
  name: 'lists',
  run: async ({ quick, times }: Flags) => {
    const [few, many, own]: Shape[] = quick
      ? [
          { learners: 500, courses: 50 },
          { learners: 5_000, courses: 100 },
          { learners: 1_000, courses: 50 },
        ]
      : [
          { learners: 1_000, courses: 50 },
          { learners: 50_000, courses: 100 },
          { learners: 10_000, courses: 50 },
        ];
    if (!few || !many || !own) throw new Error('three shapes');
    const small = await measure('postgresql', few, times);
    const large = await measure('postgresql', many, times);
    const embedded = await measure('embedded', own, times);
    const figures: Figure[] = [];
    for (const [kind, base] of small) {
      const about = { part: 'lists', unit: 'ms' } as const;
      figures.push(
        figure(
          {
            ...about,
            engine: 'postgresql',
            work: `GET /enrollments, ${kind}, at ${many.learners * many.courses} enrollments: p50`,
            against: `at ${few.learners * few.courses}`,
            goal: { at: 'most', ratio: 2 },
          },
          large.get(kind) ?? [],
          base,
        ),
        figure(
          {
            ...about,
            engine: 'embedded',
            work: `the same at ${own.learners * own.courses}: p50`,
            against: `PostgreSQL at ${few.learners * few.courses}`,
            goal: { at: 'most', ratio: 3.3 },
          },
          embedded.get(kind) ?? [],
          base,
        ),
      );
    }
    return figures;
  },
};
