import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { sql } from 'kysely';
import { buildApp } from '../../src/app.ts';
import { createAccount } from '../../src/people/index.ts';
import { migrate, openDatabase } from '../../src/storage/index.ts';
import { randomFrom } from '../support/random.ts';
import { call, requestToken } from '../support/server.ts';
import { LIMITS, type LoadReport, type Sent } from './power-report.ts';

/**
 * A server on an empty folder and its callers, in one process that is never closed properly. Says at its end what was
 * sent, when, and what was answered when.  Arguments: folder, journal, seed, operations, and `off` to stop flushing
 * once the account is there.
 */

const CALLERS = 6;
const LEARNERS = 40;
const COURSES = 24;

const [directory = '', journal = '', seed = '0', operations = '0', mode = 'on'] = process.argv.slice(2);
const random = randomFrom(Number(seed));
const now = (): string => String(process.hrtime.bigint());
const sent: Sent[] = [];

const db = await openDatabase({ directory });
await migrate(db);
const account = await createAccount(db, {
  name: 'Academy',
  url: 'https://academy.example',
  ownerLogin: 'owner',
  ownerEmail: 'owner@academy.example',
  ownerPassword: 'p',
  plan: 'business',
  now: new Date(),
});
const app = await buildApp(db, {
  logLevel: 'silent',
  maxBodyBytes: 1_000_000,
  maxPairs: 1_000_000,
  version: '0',
  limits: LIMITS,
});
const url = await app.server.listen({ host: '127.0.0.1', port: 0 });
const server = { url, token: await requestToken(url, account.clientId, account.clientSecret) };
const readyAt = now();
if (mode === 'off') writeFileSync(path.join(journal, 'off'), '');

async function send(
  kind: Sent['kind'],
  method: string,
  target: string,
  json: unknown,
  about: Pick<Sent, 'learnerIds' | 'courseIds'>,
): Promise<string> {
  const entry: Sent = { kind, ...about, sentAt: now(), answeredAt: null, status: 0 };
  const answer = await call(server, method, target, { json });
  const id = kind === 'user' || kind === 'course' ? String(answer.json) : null;
  sent.push({
    ...entry,
    courseIds: id === null ? about.courseIds : [id],
    answeredAt: now(),
    status: answer.status,
  });
  return id ?? '';
}

let serial = 0;
const addUser = (): Promise<string> =>
  send(
    'user',
    'POST',
    '/user',
    { departmentId: account.rootDepartmentId, fields: { login: `user-${++serial}` } },
    { learnerIds: [], courseIds: [] },
  );
const addCourse = (): Promise<string> =>
  send(
    'course',
    'POST',
    '/content/create/Course',
    { title: `Course ${++serial}` },
    { learnerIds: [], courseIds: [] },
  );
const enroll = (learnerIds: readonly string[], courseIds: readonly string[]): Promise<string> =>
  send(
    'enroll',
    'POST',
    '/enrollment',
    { learnerIds, courseIds, dueDateType: 'unlimited' },
    { learnerIds, courseIds },
  );

async function many(n: number, make: () => Promise<string>): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < n; i++) ids.push(await make());
  return ids;
}

const learners = await many(LEARNERS, addUser);
const courses = await many(COURSES, addCourse);
const total = Number(operations);
let next = 0;
let rectangle = 0;

/** Disjoint rectangles of 2 × 2, so that each is there whole or not at all; some of them are asked for again. */
function small(): Promise<string> {
  const n = random(5) === 0 && rectangle > 0 ? random(rectangle) : rectangle++;
  const place = n % ((LEARNERS / 2) * (COURSES / 2));
  const [row, column] = [place % (LEARNERS / 2), Math.floor(place / (LEARNERS / 2))];
  return enroll(learners.slice(row * 2, row * 2 + 2), courses.slice(column * 2, column * 2 + 2));
}

/** More pairs than one transaction takes, all of courses of its own; a checkpoint falls into the middle. */
async function large(): Promise<void> {
  const own = await many(10, addCourse);
  const writing = enroll(learners, own);
  await new Promise((done) => setTimeout(done, random(30)));
  await db.writeOnce(sql`checkpoint`, 'small');
  await writing;
}

async function other(): Promise<void> {
  const kind = random(3);
  if (kind === 0) {
    const id = await addCourse();
    await send('retire', 'DELETE', `/content/${id}`, undefined, { learnerIds: [], courseIds: [id] });
  } else if (kind === 1) {
    const id = await addUser();
    await send(
      'deactivate',
      'POST',
      `/user/${id}/status`,
      { status: 3 },
      { learnerIds: [], courseIds: [id] },
    );
  } else await addUser();
}

async function caller(): Promise<void> {
  while (next < total) {
    const n = next++;
    if (n % 60 === 30) await large();
    else if (random(8) === 0) await other();
    else if (random(40) === 0) await db.writeOnce(sql`checkpoint`);
    else await small();
  }
}

await Promise.all(Array.from({ length: CALLERS }, caller));
const report: LoadReport = { sent, readyAt, operations: total };
writeFileSync(path.join(journal, 'report.json'), JSON.stringify(report));
// As in a power cut, nothing is closed.
process.exit(0);
