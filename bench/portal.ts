import type { Browser } from 'playwright-core';
import { launchBrowser } from '../test/support/browser.ts';
import type { Engine } from '../test/support/database.ts';
import { call } from '../test/support/server.ts';
import { Visitor } from '../test/support/visitor.ts';
import { openSite, type Site } from './site.ts';
import { Caller, type Figure, median, millisecondsOf, type Part, percentile, round } from './support.ts';

/** My learning of somebody who has a great deal to learn, as browsers get it: signed in, compressed, and painted. */

const ENROLLMENTS = 500;
const REQUESTS = 1_000;
const WARM_UP = 100;
const PAINTS = 7;
const P99_MS = 100;
const SIZE_KB = 60;
const PASSWORD = 'correct horse battery';
const DAY_MS = 86_400_000;

async function created(site: Site, path: string, json: Record<string, unknown>): Promise<string> {
  const answer = await call(site, 'POST', path, { json });
  if (answer.status !== 201) throw new Error(`POST ${path} answered ${answer.status} ${answer.text}`);
  return answer.json as string;
}

const NOUNS = [
  'fire safety',
  'data protection',
  'first aid',
  'ladders',
  'hygiene',
  'good mail',
  'knots',
  'welding',
];
const titleOf = (n: number): string =>
  `About ${NOUNS[n % NOUNS.length]}, part ${n}, for everybody in the house`;

/** Three materials of five, a course with a training and its sessions, and another with modules or a learning track. */
async function addItem(site: Site, n: number): Promise<string> {
  const title = titleOf(n);
  const material = (type: string) =>
    created(site, `/content/create/${type}`, {
      title,
      ...(type === 'Link' && { url: 'https://docs.example/' }),
    });
  if (n % 5 < 3) return material(n % 2 === 0 ? 'Link' : 'Page');
  const course = await created(site, '/content/create/Course', {
    title,
    description: `${title}: what to know.`,
  });
  if (n % 5 === 3) {
    const training = await created(site, '/training', { title });
    for (const day of ['2030-03-04', '2030-04-05', '2030-05-06'])
      await created(site, `/training/${training}/sessions`, {
        title: `On ${day}`,
        capacity: 10,
        days: [{ startTime: `${day} 10:00:00`, duration: 7200, location: 'Room 3' }],
      });
    await created(site, `/course/${course}/modules`, { itemId: training });
    return course;
  }
  await created(site, `/course/${course}/modules`, { itemId: await material('Page') });
  if (n % 10 === 4) return course;
  const track = await created(site, '/content/create/LearningTrack', { title });
  const answer = await call(site, 'POST', `/learning_track/${track}/courses`, {
    json: { courseIds: [course] },
  });
  if (answer.status !== 200) throw new Error(`a learning track: ${answer.status} ${answer.text}`);
  return track;
}

/** Overdue, locked, due soon, later, without a date, not open yet; a third begun or done. */
async function furnish(site: Site, login: string): Promise<void> {
  const at = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString();
  const due = (days: number, more: Record<string, unknown> = {}) => ({
    dueDateType: 'due_date',
    dueDate: at(days),
    accessDate: at(-200),
    ...more,
  });
  const learner = await created(site, '/user', {
    departmentId: await rootOf(site),
    fields: { login, FIRST_NAME: 'Mia', LAST_NAME: 'Sommer' },
    email: `${login}@loaded.example`,
    password: PASSWORD,
    role: 'learner',
  });
  const terms = (n: number): Record<string, unknown> =>
    [
      due(-1 - n / 10),
      due(-2 - n / 10, { lockAfterDueDate: true }),
      due(1 + (n % 6)),
      due(8 + n / 5),
      { dueDateType: 'unlimited' },
      due(300, { accessDate: at(1 + n / 10) }),
    ][n % 6] ?? {};
  for (let n = 0; n < ENROLLMENTS; n++) {
    const json = { learnerIds: [learner], courseIds: [await addItem(site, n)], ...terms(n) };
    const answer = await call(site, 'POST', '/enrollment', { json });
    if (answer.status !== 201) throw new Error(`POST /enrollment answered ${answer.status} ${answer.text}`);
  }
  const list = await call(site, 'GET', `/enrollment?learnerIds[]=${learner}`);
  const own = list.json as { enrollmentId: string; courseId: string }[];
  if (own.length !== ENROLLMENTS) throw new Error(`${own.length} enrollments instead of ${ENROLLMENTS}`);
  for (const [n, { enrollmentId }] of own.entries()) {
    if (n % 3 > 0) continue;
    // Courses are completed by their modules: what cannot be said of one is refused, and it stays as it is.
    const json = n % 2 === 0 ? { status: 'complete' } : { status: 'in_progress', progress: 40 };
    await call(site, 'POST', `/enrollment/${enrollmentId}/progress`, { json });
  }
}

async function rootOf(site: Site): Promise<string> {
  const departments = (await call(site, 'GET', '/department')).json as {
    departmentId: string;
    parentDepartmentId: string | null;
  }[];
  const root = departments.find(({ parentDepartmentId }) => !parentDepartmentId);
  if (!root) throw new Error('there is no department');
  return root.departmentId;
}

async function latenciesOf(caller: Caller, path: string): Promise<number[]> {
  const latencies: number[] = [];
  for (let n = -WARM_UP; n < REQUESTS; n++) {
    const took = await millisecondsOf(async () => {
      const status = await caller.send('GET', path);
      if (status !== 200) throw new Error(`GET ${path} answered ${status}`);
    });
    if (n >= 0) latencies.push(took);
  }
  return latencies;
}

/** Until something is painted, in a browser that runs no script. */
async function paintOf(browser: Browser, site: Site, cookie: string, path: string): Promise<number> {
  const [name = '', value = ''] = cookie.split('=');
  const context = await browser.newContext({ javaScriptEnabled: false });
  await context.addCookies([{ name, value, url: site.url }]);
  const page = await context.newPage();
  const times: number[] = [];
  for (let n = 0; n < PAINTS; n++) {
    await page.goto(site.url + path);
    let first: unknown;
    for (let tries = 0; typeof first !== 'number'; tries++) {
      if (tries > 200) throw new Error(`${path} was not painted`);
      await new Promise((done) => setTimeout(done, 20));
      first = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime");
    }
    times.push(first);
  }
  await context.close();
  return median(times);
}

async function measure(engine: Engine, quick: boolean): Promise<Figure[]> {
  const [learners, courses] = quick ? [500, 20] : [10_000, 100];
  const site = await openSite(engine, { learners, courses, enrollments: learners * 10 });
  const browser = await launchBrowser();
  try {
    await furnish(site, 'busy');
    const visitor = new Visitor(site);
    await visitor.signIn('busy', PASSWORD);
    const page = await visitor.get('/my');
    const cards = page.text.split('<li class="card').length - 1;
    if (cards !== ENROLLMENTS) throw new Error(`my learning shows ${cards} of ${ENROLLMENTS}`);
    if (/<script/i.test(page.text)) throw new Error('the page has a script');
    const sheet = /href="(\/pages\/[^"]+)"/.exec(page.text)?.[1] ?? '';
    const cookie = [...visitor.cookies].map((pair) => pair.join('=')).join('; ');
    const caller = await Caller.connectWith(site.url, { cookie, 'accept-encoding': 'gzip, br' });
    const bare = await latenciesOf(caller, sheet);
    const mine = await latenciesOf(caller, '/my');
    caller.close();
    const about = { part: 'portal', engine, against: 'the limit' } as const;
    const at = { at: 'most', ratio: 1 } as const;
    const sizes: Figure[] = [];
    for (const encoding of ['br', 'gzip']) {
      const answer = await fetch(`${site.url}/my`, { headers: { cookie, 'accept-encoding': encoding } });
      if (answer.headers.get('content-encoding') !== encoding) throw new Error(`no ${encoding}`);
      const kb = Number(answer.headers.get('content-length')) / 1000;
      await answer.arrayBuffer();
      const work = `the same, ${encoding}, of ${Math.round(Buffer.byteLength(page.text) / 1000)} kB`;
      sizes.push({
        ...about,
        work,
        value: round(kb, 1),
        unit: 'kB',
        base: SIZE_KB,
        ratio: round(kb / SIZE_KB),
        goal: at,
      });
    }
    const paint = await paintOf(browser, site, cookie, '/my');
    const plain = await paintOf(browser, site, 'none=x', '/sign-in');
    const p99 = percentile(mine, 0.99);
    const figure = (work: string, value: number, against: string, base: number, ratio: number): Figure => ({
      ...about,
      work,
      value: round(value),
      unit: 'ms',
      against,
      base: round(base),
      ratio: round(value / base),
      goal: { at: 'most', ratio },
    });
    return [
      figure(`my learning with ${ENROLLMENTS} enrollments: p99`, p99, 'the limit', P99_MS, 1),
      figure('the same: p50', median(mine), 'a style sheet: p50', median(bare), 100),
      ...(engine === 'postgresql' ? sizes : []),
      figure('the same, the first paint without scripts', paint, 'signing in', plain, 6),
    ];
  } finally {
    await browser.close();
    await site.close();
  }
}

export const portal: Part = {
  name: 'portal',
  run: async ({ quick }) => [...(await measure('postgresql', quick)), ...(await measure('embedded', quick))],
};
