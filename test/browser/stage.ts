import assert from 'node:assert/strict';
import { addModule, addTrack, enroll, record } from '../support/learning.ts';
import { type Mailbox, parsed, startMailbox } from '../support/mailbox.ts';
import { addCourse, addSession, addTraining, addUser } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';
import { Visitor } from '../support/visitor.ts';
import { scormPackage } from '../support/zip.ts';
import { drawn } from './png.ts';

/** An account with something of everything that the portal shows, its clock standing still. */

export const NOW = new Date('2026-03-02T09:00:00Z');
export const PASSWORD = 'correct horse battery';
const DAY_MS = 86_400_000;

export interface Stage {
  readonly world: World;
  /** Of one learner, who has everything; by name. */
  readonly paths: Readonly<Record<PathName, string>>;
  /** The session that somebody else fills while one looks at it. */
  readonly small: string;
  readonly rival: string;
  close(): Promise<void>;
}

/** `learner` has everything, `newcomer` nothing. */
export type Login = 'learner' | 'newcomer';

const PATHS = [
  'overdue',
  'open',
  'locked',
  'asked',
  'declined',
  'upcoming',
  'course',
  'done',
  'empty',
  'track',
  'trackCourse',
  'picture',
  'text',
  'document',
  'package',
  'password',
  'sessions',
  'chosen',
  'chosenForYou',
  'waiting',
  'late',
  'noSessions',
] as const;
type PathName = (typeof PATHS)[number];

export async function setStage(): Promise<Stage> {
  const mailbox = await startMailbox();
  const world = await startWorld('embedded', { now: NOW, mail: mailbox.config });
  const userId = await addUser(world, { login: 'learner', password: PASSWORD, name: ['Mia', 'Sommer'] });
  await addUser(world, { login: 'newcomer', password: PASSWORD });
  const own = new Visitor(world);
  await own.signIn('learner', PASSWORD);
  const hand = { world, userId, own };
  const items = { ...(await furnish(hand)), ...(await askForMore(hand)), ...(await upload(hand)) };
  await fillCatalogue(world);
  const trainings = await train(hand);
  const password = await passwordLink(world, mailbox);
  return {
    world,
    ...trainings,
    paths: { ...items, ...trainings.paths, password },
    close: async () => {
      await world.close();
      await mailbox.close();
    },
  };
}

/** Where the newcomer may set a password. */
async function passwordLink(world: World, mailbox: Mailbox): Promise<string> {
  const visit = new Visitor(world);
  await visit.get('/sign-in/forgot');
  const answer = await visit.submit('/sign-in/forgot', { login: 'newcomer' });
  assert.equal(answer.status, 303, answer.text);
  for (let round = 0; round < 3; round++) await world.app.jobs.round();
  const mail = mailbox.taken.find(({ to }) => to.includes('newcomer@academy.example'));
  const [path] = /\/sign-in\/password\/[\w-]{43}/.exec((await parsed(mail)).text ?? '') ?? [];
  assert.ok(path);
  return path;
}

interface Hand {
  readonly world: World;
  readonly userId: string;
  /** The learner at a browser. */
  readonly own: Visitor;
}

const date = (days: number): string => new Date(NOW.getTime() + days * DAY_MS).toISOString();
const due = (days: number, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  dueDateType: 'due_date',
  dueDate: date(days),
  accessDate: date(-20),
  ...more,
});

const link = (world: World, title: string, more: Record<string, unknown> = {}): Promise<string> =>
  addCourse(world, 'Link', { title, url: 'https://docs.example/', ...more });

async function at({ world, userId }: Hand, itemId: string, terms?: Record<string, unknown>): Promise<string> {
  return `/my/learning/${await enroll(world, userId, itemId, terms)}`;
}

/** Materials, courses and a learning track, in every state. */
async function furnish(
  hand: Hand,
): Promise<Omit<Stage['paths'], SeatPath | AskedPath | FilePath | 'password'>> {
  const { world, own } = hand;
  const course = async (title: string, modules: readonly string[]): Promise<string> => {
    const courseId = await addCourse(world, 'Course', {
      title,
      description: `${title}: what you need to know.`,
    });
    for (const module of modules)
      await addModule(
        world,
        courseId,
        module.startsWith('Read')
          ? await link(world, module)
          : await addCourse(world, 'Page', { title: module }),
      );
    return courseId;
  };
  const onboarding = await course('Onboarding', [
    'Read: welcome',
    'Who does what',
    'Read: the rules of the house',
  ]);
  const hygiene = await course('Hygiene in the kitchen', ['Washing hands']);
  const done = await at(hand, hygiene, due(2));
  await own.get(done);
  assert.equal((await own.submit(`${done}/done`)).status, 303);
  const introduction = await course('Working safely', ['Read: protective gear', 'Emergency exits']);
  const track = await at(hand, await titled(world, 'Workshop licence', [introduction, hygiene]));
  return {
    overdue: await at(hand, await link(world, 'Fire safety, also for those who work at night'), due(-2)),
    open: await at(
      hand,
      await link(world, 'Writing good mail', {
        description: 'Short, kind and clear: ten minutes of reading.',
      }),
      due(40),
    ),
    locked: await at(hand, await link(world, 'Data protection'), due(-1, { lockAfterDueDate: true })),
    upcoming: await at(hand, await link(world, 'First aid'), due(30, { accessDate: date(1) })),
    course: await at(hand, onboarding, due(4)),
    done,
    empty: await at(hand, await course('Something new', [])),
    track,
    trackCourse: `${track}/${introduction}`,
  };
}

type AskedPath = 'asked' | 'declined';

/** What is locked, after more time was asked for. */
async function askForMore(hand: Hand): Promise<Pick<Stage['paths'], AskedPath>> {
  const { world, own } = hand;
  const ask = async (title: string, message: string): Promise<string> => {
    const path = await at(hand, await link(world, title), due(-3, { lockAfterDueDate: true }));
    await own.get(path);
    const answer = await own.submit(`${path}/unlock`, { message });
    assert.equal(answer.location, `${path}?asked=1`, answer.text);
    return path;
  };
  const declined = await ask('Driving a van', 'The car is in repair. Next week?');
  const list = await call(world, 'GET', '/enrollment/unlock-requests?state=open');
  for (const { requestId } of (list.json as { unlockRequests: { requestId: string }[] }).unlockRequests)
    await call(world, 'POST', `/enrollment/unlock-requests/${requestId}/decline`, {
      json: { answer: 'The next course begins in May. Take that one, please.' },
    });
  const asked = await ask('Handling chemicals', 'I was ill last week.\nOne more day, please.');
  return { asked, declined };
}

type FilePath = 'picture' | 'text' | 'document' | 'package';

const TEXT = `<!doctype html><meta charset="utf-8"><title>Ladders</title><h1>Ladders</h1>
<p>Stand firmly. Face the rungs. Keep three points of contact.</p>`;
/** From one side to the other. */
const PICTURE = drawn(480, 270, (x, y) => ((60 + x / 4) << 16) | ((120 + y / 3) << 8) | (200 - (x >> 3) * 2));

async function upload(hand: Hand): Promise<Pick<Stage['paths'], FilePath>> {
  const { world } = hand;
  const stored = async (type: string, title: string, content: Uint8Array<ArrayBuffer>): Promise<string> => {
    const item = await addCourse(world, type, { title });
    const answer = await call(world, 'POST', `/content/${item}/file`, {
      csv: content,
      headers: { 'content-type': 'application/octet-stream' },
    });
    assert.equal(answer.status, 200, answer.text);
    const path = await at(hand, item);
    await record(world, path.split('/').at(-1) ?? '', { status: 'in_progress' });
    return `${path}/material`;
  };
  return {
    picture: await stored('Image', 'The yard from above', new Uint8Array(PICTURE)),
    text: await stored('Page', 'Three points of contact', new TextEncoder().encode(TEXT)),
    package: await stored('SCORM', 'Lifting with the knees', scormPackage('1.2')),
    document: await stored('PDFDocument', 'The house rules', new TextEncoder().encode('%PDF-1.7')),
  };
}

async function titled(world: World, title: string, courseIds: readonly string[]): Promise<string> {
  const trackId = await addTrack(world, courseIds);
  const answer = await call(world, 'POST', `/content/${trackId}`, { json: { title } });
  assert.equal(answer.status, 200, answer.text);
  return trackId;
}

async function fillCatalogue(world: World): Promise<void> {
  for (const [title, description] of [
    ['Knots', 'For everybody who ties things down.'],
    ['Spreadsheets', 'From the first cell to the first chart.'],
    ['Speaking before others', 'Two evenings, no slides.'],
  ])
    await addCourse(world, 'Course', { title, description, selfEnrollment: true });
}

type SeatPath = 'sessions' | 'chosen' | 'chosenForYou' | 'waiting' | 'late' | 'noSessions';

/** Trainings, each in a course of its own. */
async function train(
  hand: Hand,
): Promise<{ paths: Pick<Stage['paths'], SeatPath>; small: string; rival: string }> {
  const { world, userId, own } = hand;
  const instructor = await addUser(world, { name: ['Jonas', 'Weber'] });
  const [rival, other] = [await addUser(world), await addUser(world)];
  const day = (startTime: string, location = 'Yard 3') => ({ startTime, duration: 7200, location });
  const stage = async (title: string, more: Record<string, unknown> = {}) => {
    const training = await addTraining(world, { title, ...more });
    const course = await addCourse(world, 'Course', { title });
    const module = await addModule(world, course, training);
    return { training, path: `${await at(hand, course)}/training/${module}` };
  };
  const act = async (path: string, action: string, sessionId: string): Promise<void> => {
    await own.get(path);
    const answer = await own.submit(`${path}/${action}`, { sessionId });
    assert.equal(answer.status, 303, answer.text);
  };
  const participants = async (session: string, userIds: readonly string[]): Promise<void> => {
    const answer = await call(world, 'POST', `/training/session/${session}/participants`, {
      json: { userIds },
    });
    assert.equal(answer.status, 200, answer.text);
  };

  const chosen = await stage('Ladders', { cancellationDeadlineHours: 48 });
  const morning = await addSession(world, chosen.training, {
    title: 'In the morning',
    capacity: 8,
    instructor,
    days: [day('2026-03-20 08:00:00'), day('2026-03-21 08:00:00')],
  });
  await addSession(world, chosen.training, {
    title: 'In the evening',
    capacity: 8,
    days: [day('2026-03-24 18:00:00')],
  });
  await act(chosen.path, 'choose', morning);

  const offered = await stage('Fork-lift trucks', { registrationDeadlineHours: 24 });
  const small = await addSession(world, offered.training, {
    title: 'Small group',
    capacity: 1,
    instructor,
    days: [day('2026-03-18 08:00:00', 'Hall 2')],
  });
  const clashing = { title: 'With the experts', capacity: 12, days: [day('2026-03-20 09:00:00', 'Hall 1')] };
  await addSession(world, offered.training, clashing);
  const full = await addSession(world, offered.training, {
    title: 'On Saturday',
    capacity: 1,
    days: [day('2026-03-28 10:00:00', 'Hall 1')],
  });
  await participants(full, [other]);
  await addSession(world, offered.training, { title: 'Online', days: [day('2026-04-02 14:00:00')] });

  const given = await stage('Evacuation drill');
  const drill = await addSession(world, given.training, {
    title: 'For the whole house',
    days: [{ ...day('2026-03-11 10:00:00', 'Car park'), url: 'https://meet.example/drill' }],
  });
  await participants(drill, [userId]);

  const wanted = await stage('Welding');
  const bench = await addSession(world, wanted.training, {
    title: 'At the bench',
    capacity: 1,
    days: [day('2026-03-25 08:00:00')],
  });
  await participants(bench, [other]);
  await act(wanted.path, 'wait', bench);

  const late = await stage('Crane signals', { registrationDeadlineHours: 72 });
  const soon = { title: 'This week', capacity: 4, days: [day('2026-03-04 08:00:00')] };
  await addSession(world, late.training, soon);
  await addSession(world, late.training, { title: 'This morning', days: [day('2026-03-02 07:00:00')] });

  return {
    paths: {
      chosen: chosen.path,
      sessions: offered.path,
      chosenForYou: given.path,
      waiting: wanted.path,
      late: late.path,
      noSessions: (await stage('Riding a bicycle')).path,
    },
    small,
    rival,
  };
}
