import { sql } from 'kysely';
import type { Engine } from '../test/support/database.ts';
import { startBare } from './bare.ts';
import { openSite, type Site } from './site.ts';
import {
  closedLoop,
  enrollmentBody,
  type Flags,
  figure,
  type Load,
  median,
  millisecondsOf,
  type Part,
} from './support.ts';

/** Single pairs, each a new durable row: many callers, and one. */

const CALLERS = 64;
const ALONE = 500;

interface Measured {
  readonly many: Load[];
  readonly alone: Load[];
  /** One durable insert through the same driver, in ms; PostgreSQL only. */
  readonly insert: number[];
  readonly bare: Load[];
}

/** Each call takes the next pairs, so that every request is a new row. */
function bodiesOf({ learnerIds, courseIds }: Site): (total: number) => string[] {
  let n = 0;
  return (total) =>
    Array.from({ length: total }, () => {
      const pair = n++;
      return enrollmentBody(
        [learnerIds[pair % learnerIds.length] ?? ''],
        [courseIds[Math.floor(pair / learnerIds.length)] ?? ''],
      );
    });
}

async function measure(engine: Engine, { quick, times }: Flags): Promise<Measured> {
  const requests = quick ? 2_000 : 20_000;
  const site = await openSite(engine, {
    learners: 2_000,
    courses: Math.ceil(((requests + ALONE) * times) / 2_000) + 2,
  });
  const bare = await startBare();
  const next = bodiesOf(site);
  const measured: Measured = { many: [], alone: [], insert: [], bare: [] };
  try {
    await closedLoop(site.url, site.token, next(1_000), CALLERS);
    await closedLoop(bare.url, site.token, next(0).concat(Array(1_000).fill(next(1)[0])), CALLERS);
    if (site.db) await makeProbe(site);
    for (let n = 0; n < times; n++) {
      const bodies = next(requests);
      measured.many.push(await closedLoop(site.url, site.token, bodies, CALLERS));
      measured.bare.push(await closedLoop(bare.url, site.token, bodies, CALLERS));
      measured.alone.push(await closedLoop(site.url, site.token, next(ALONE), 1));
      if (site.db) measured.insert.push(await probe(site));
    }
  } finally {
    await bare.close();
    await site.close();
  }
  return measured;
}

const makeProbe = (site: Site): Promise<unknown> | undefined =>
  site.db?.writeOnce(
    sql`create table bench_probe (id bigint generated always as identity primary key, note text)`,
  );

async function probe({ db }: Site): Promise<number> {
  const latencies: number[] = [];
  for (let n = 0; n < ALONE; n++)
    latencies.push(
      await millisecondsOf(() =>
        db?.writeOnce(sql`/* prepared: bench_probe */ insert into bench_probe (note) values (${'x'})`),
      ),
    );
  return median(latencies);
}

export const small: Part = {
  name: 'small',
  run: async (flags) => {
    const postgresql = await measure('postgresql', flags);
    const embedded = await measure('embedded', flags);
    const of = (loads: readonly Load[], what: keyof Load): number[] => loads.map((load) => load[what]);
    const about = { part: 'small', engine: 'postgresql', unit: 'ms' } as const;
    const beside = { ...about, engine: 'embedded', against: 'PostgreSQL' } as const;
    return [
      figure(
        {
          ...about,
          unit: 'requests/s',
          work: `1 × 1, ${CALLERS} callers, each a new durable row`,
          against: 'the same server without a database',
          goal: { at: 'least', ratio: 0.4 },
        },
        of(postgresql.many, 'rate'),
        of(postgresql.bare, 'rate'),
      ),
      figure(
        { ...about, work: 'the same: p99', against: 'p50', goal: { at: 'most', ratio: 10 } },
        of(postgresql.many, 'p99'),
        of(postgresql.many, 'p50'),
      ),
      figure(
        {
          ...about,
          work: '1 × 1, 1 caller: p50',
          against: 'one durable insert through the same driver',
          goal: { at: 'most', ratio: 6 },
        },
        of(postgresql.alone, 'p50'),
        postgresql.insert,
      ),
      figure(
        {
          ...beside,
          unit: 'requests/s',
          work: `1 × 1, ${CALLERS} callers`,
          goal: { at: 'least', ratio: 0.3 },
        },
        of(embedded.many, 'rate'),
        of(postgresql.many, 'rate'),
      ),
      figure(
        { ...beside, work: `1 × 1, ${CALLERS} callers: p50`, goal: { at: 'most', ratio: 3.3 } },
        of(embedded.many, 'p50'),
        of(postgresql.many, 'p50'),
      ),
      figure(
        { ...beside, work: '1 × 1, 1 caller: p50', goal: { at: 'most', ratio: 3.3 } },
        of(embedded.alone, 'p50'),
        of(postgresql.alone, 'p50'),
      ),
    ];
  },
};
