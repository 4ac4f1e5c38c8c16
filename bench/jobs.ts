import { call } from '../test/support/server.ts';
import { enrollAll } from './bulk.ts';
import { openSite, type Site } from './site.ts';
import {
  type Figure,
  figure,
  millisecondsOf,
  type Part,
  peakMemoryMb,
  percentile,
  round,
} from './support.ts';

/** The same large request with and without waiting for it, in turn; and the outcomes of it, page by page. */

const MEMORY_MB = 400;
const PAGE_MS = 100;
const PAGES = 20;
const ASK_EVERY_MS = 100;

interface Operation {
  readonly state: string;
  readonly progress: { total: number };
}

async function accepted(site: Site, courseIds: readonly string[]): Promise<string> {
  const answer = await call(site, 'POST', '/enrollment', {
    json: { courseIds, learnerIds: site.learnerIds, dueDateType: 'due_period', duePeriod: 720 },
    headers: { prefer: 'respond-async' },
  });
  const location = answer.headers.get('location');
  if (answer.status !== 202 || !location) throw new Error(`${answer.status} ${answer.text}`);
  return location;
}

async function untilDone(site: Site, location: string): Promise<void> {
  for (;;) {
    const { state } = (await call(site, 'GET', location)).json as Operation;
    if (state === 'done') return;
    if (state !== 'accepted' && state !== 'running') throw new Error(`${location} is ${state}`);
    await new Promise((done) => setTimeout(done, ASK_EVERY_MS));
  }
}

/** Milliseconds of each page of a path, the first few and every so many after, to the last. */
async function pageTimes(site: Site, path: string): Promise<{ first: number[]; later: number[] }> {
  const [first, later]: [number[], number[]] = [[], []];
  const read = async (token: string | null): Promise<string | null> => {
    const query = token === null ? '' : `${path.includes('?') ? '&' : '?'}pageToken=${token}`;
    const answer = await call(site, 'GET', `${path}${query}`);
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
    return (answer.json as { nextPageToken?: string }).nextPageToken ?? null;
  };
  await read(null);
  let token: string | null = null;
  for (let n = 0; n < PAGES; n++)
    first.push(
      await millisecondsOf(async () => {
        token = await read(null);
      }),
    );
  for (; token !== null; ) {
    const at: string = token;
    later.push(
      await millisecondsOf(async () => {
        token = await read(at);
      }),
    );
  }
  return { first, later };
}

export const jobs: Part = {
  name: 'jobs',
  run: async ({ quick, times }) => {
    const [learners, courses] = quick ? [2_000, 20] : [10_000, 100];
    const rows = learners * courses;
    const site = await openSite('postgresql', { learners, courses: courses * 2 * times });
    const [waited, alone, memory]: [number[], number[], number[]] = [[], [], []];
    const timings: { first: number[]; later: number[] } = { first: [], later: [] };
    try {
      let next = 0;
      const own = (): string[] => {
        next += courses;
        return site.courseIds.slice(next - courses, next);
      };
      let location = '';
      for (let n = 0; n < times; n++) {
        waited.push((rows / (await enrollAll(site, own()))) * 1000);
        const took = await millisecondsOf(async () => {
          location = await accepted(site, own());
          await untilDone(site, location);
        });
        alone.push((rows / took) * 1000);
        memory.push(peakMemoryMb(site.pid));
      }
      Object.assign(timings, await pageTimes(site, `${location}/outcomes`));
    } finally {
      await site.close();
    }
    const about = { part: 'jobs', engine: 'postgresql' } as const;
    const work = `${rows} pairs with respond-async`;
    const limit = (figureOf: { work: string; value: number; unit: 'ms' | 'MB' }, base: number): Figure => ({
      ...about,
      ...figureOf,
      value: round(figureOf.value),
      against: 'the limit',
      base,
      ratio: round(figureOf.value / base),
      goal: { at: 'most', ratio: 1 },
    });
    return [
      figure(
        { ...about, work, unit: 'rows/s', against: 'waited for', goal: { at: 'least', ratio: 0.7 } },
        alone,
        waited,
      ),
      limit({ work: `${work}: the server’s peak memory`, value: Math.max(...memory), unit: 'MB' }, MEMORY_MB),
      limit(
        { work: 'its outcomes, the first page: p99', value: percentile(timings.first, 0.99), unit: 'ms' },
        PAGE_MS,
      ),
      limit(
        { work: 'its outcomes, every later page: p99', value: percentile(timings.later, 0.99), unit: 'ms' },
        PAGE_MS,
      ),
    ];
  },
};
