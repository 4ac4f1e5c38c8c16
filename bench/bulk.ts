import { sql } from 'kysely';
import type { Engine } from '../test/support/database.ts';
import { call } from '../test/support/server.ts';
import { openSite, type Site } from './site.ts';
import { type Figure, figure, millisecondsOf, type Part, peakMemoryMb, round } from './support.ts';

/** One large request: all new, again, and COPY of the same rows into the same table with its indexes. */

const MEMORY_MB = 400;

export async function enrollAll(site: Site, courseIds: readonly string[]): Promise<number> {
  const json = { courseIds, learnerIds: site.learnerIds, dueDateType: 'due_period', duePeriod: 720 };
  return millisecondsOf(async () => {
    const answer = await call(site, 'POST', '/enrollment', { json });
    if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`);
  });
}

/** Rows a second of one request of all learners × so many courses, each time with courses that nobody takes yet. */
async function measure(engine: Engine, learners: number, courses: number, times: number) {
  const rows = learners * courses;
  const site = await openSite(engine, { learners, courses: courses * times });
  const [first, again, copy, memory]: [number[], number[], number[], number[]] = [[], [], [], []];
  try {
    for (let n = 0; n < times; n++) {
      await site.db?.writeOnce(
        sql`truncate enrollment, outbox, operation_chunk, operation_plan, operation`,
        'bulk',
      );
      await site.db?.writeOnce(sql`checkpoint`, 'bulk');
      const own = site.courseIds.slice(n * courses, (n + 1) * courses);
      first.push((rows / (await enrollAll(site, own))) * 1000);
      again.push((rows / (await enrollAll(site, own))) * 1000);
      memory.push(peakMemoryMb(site.pid));
      if (site.db) copy.push((rows / (await copyBack(site))) * 1000);
    }
  } finally {
    await site.close();
  }
  return { rows, first, again, copy, memory };
}

/** The server writes the table into a file of its own folder and reads it back. */
async function copyBack({ db }: Site): Promise<number> {
  if (!db) throw new Error('COPY needs PostgreSQL');
  const { rows } = await db.read((tx) =>
    sql<{ folder: string }>`select current_setting('data_directory') as folder`.execute(tx),
  );
  const file = `${rows[0]?.folder}/enrollment.bench`;
  await db.writeOnce(sql.raw(`copy enrollment to '${file}'`), 'bulk');
  await db.writeOnce(sql`truncate enrollment`, 'bulk');
  await db.writeOnce(sql`checkpoint`, 'bulk');
  return millisecondsOf(() => db.writeOnce(sql.raw(`copy enrollment from '${file}'`), 'bulk'));
}

export const bulk: Part = {
  name: 'bulk',
  run: async ({ quick, times }) => {
    const [learners, courses] = quick ? [2_000, 20] : [10_000, 100];
    const postgresql = await measure('postgresql', learners, courses, times);
    const embedded = await measure('embedded', learners, Math.ceil(courses / 4), times);
    const work = `one request, ${courses} courses × ${learners} learners`;
    const part = 'bulk';
    const figures: Figure[] = [
      figure(
        {
          part,
          engine: 'postgresql',
          work: `${work}, all new`,
          unit: 'rows/s',
          against: 'COPY (text) into the same table and indexes',
          goal: { at: 'least', ratio: 0.5 },
        },
        postgresql.first,
        postgresql.copy,
      ),
      figure(
        {
          part,
          engine: 'postgresql',
          work: 'the same request again',
          unit: 'rows/s',
          against: 'the first',
          goal: { at: 'least', ratio: 1.5 },
        },
        postgresql.again,
        postgresql.first,
      ),
      figure(
        {
          part,
          engine: 'embedded',
          work: `one request, ${Math.ceil(courses / 4)} courses × ${learners} learners, all new`,
          unit: 'rows/s',
          against: 'PostgreSQL',
          goal: { at: 'least', ratio: 0.3 },
        },
        embedded.first,
        postgresql.first,
      ),
      figure(
        {
          part,
          engine: 'embedded',
          work: 'the same request again',
          unit: 'rows/s',
          against: 'PostgreSQL',
          goal: { at: 'least', ratio: 0.3 },
        },
        embedded.again,
        postgresql.again,
      ),
    ];
    const peak = Math.max(...postgresql.memory);
    figures.push({
      part,
      engine: 'postgresql',
      work: `${work}: the server’s peak memory`,
      value: round(peak, 0),
      unit: 'MB',
      against: 'the limit',
      base: MEMORY_MB,
      ratio: round(peak / MEMORY_MB),
      goal: { at: 'most', ratio: 1 },
    });
    return figures;
  },
};
