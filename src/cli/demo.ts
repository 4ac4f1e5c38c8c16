import { actAs, type Context, newPassword } from '../access/index.ts';
import { addModule, createItem, setTrackCourses } from '../content/index.ts';
import { addDepartment, addUser, createAccount } from '../people/index.ts';
import type { Database } from '../storage/index.ts';
import { addSession, createTraining } from '../training/index.ts';

/** The account a newcomer meets: small, but with one of everything. Made through the same use cases as any other. */

export const DEMO_PASSWORD = 'rollbook-demo';

export const DEMO_LOGINS = [
  { login: 'owner', what: 'account owner' },
  { login: 'admin', what: 'administrator' },
  { login: 'sales-admin', what: 'department administrator of Sales and below' },
  { login: 'trainer', what: 'publisher' },
  { login: 'learner', what: 'learner' },
] as const;

const FIRST_NAMES = ['Anna', 'Ben', 'Carla', 'David', 'Elif', 'Farid', 'Greta', 'Hugo', 'Irina', 'Jonas'];
const LAST_NAMES = ['Albrecht', 'Bianchi', 'Costa', 'Dvorak', 'Eriksen'];
const LEARNERS = 50;

export interface Demo {
  readonly accountUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly passwords: ReadonlyMap<string, string>;
}

/** Makes the demo account. Passwords are the well-known one only where nobody else can reach the server. */
export async function createDemo(
  db: Database,
  options: { url: string; hasKnownPassword: boolean; now: Date },
): Promise<Demo> {
  const passwords = new Map(
    DEMO_LOGINS.map(({ login }) => [
      login as string,
      options.hasKnownPassword ? DEMO_PASSWORD : newPassword(),
    ]),
  );
  const passwordOf = (login: string): string => passwords.get(login) ?? '';
  const account = await createAccount(db, {
    name: 'Demo Company',
    url: options.url,
    ownerLogin: 'owner',
    ownerEmail: 'owner@demo.example',
    ownerPassword: passwordOf('owner'),
    plan: 'business',
    now: options.now,
  });
  const { accountId, ownerId, rootDepartmentId } = account;
  const act = <T>(work: (ctx: Context) => Promise<T>): Promise<T> =>
    actAs(db, { accountId, userId: ownerId, source: 'cli', now: options.now }, work);
  const departments = await addDepartments(act, rootDepartmentId);
  await addPeople(act, departments, passwordOf);
  await addContent(act, options.now);
  return { ...account, passwords };
}

type Act = <T>(work: (ctx: Context) => Promise<T>) => Promise<T>;

async function addDepartments(act: Act, rootDepartmentId: string): Promise<Map<string, string>> {
  const ids = new Map([['', rootDepartmentId]]);
  const tree: readonly [string, string, string][] = [
    ['', 'Sales', 'SALES'],
    ['Sales', 'Sales North', 'SALES-N'],
    ['Sales', 'Sales South', 'SALES-S'],
    ['', 'Production', 'PROD'],
    ['Production', 'Assembly', 'PROD-A'],
    ['', 'Human Resources', 'HR'],
  ];
  for (const [parent, name, code] of tree) {
    const department = await act((ctx) =>
      addDepartment(ctx, { name, code, parentDepartmentId: ids.get(parent) ?? rootDepartmentId }),
    );
    ids.set(name, department.departmentId);
  }
  return ids;
}

async function addPeople(
  act: Act,
  departments: ReadonlyMap<string, string>,
  passwordOf: (login: string) => string,
): Promise<void> {
  const of = (name: string): string => departments.get(name) ?? '';
  const person = (login: string, name: string, departmentId: string) => {
    const [first_name = '', last_name = ''] = name.split(' ');
    return {
      departmentId,
      fields: { login, first_name, last_name },
      email: `${login}@demo.example`,
      password: passwordOf(login),
    };
  };
  await act((ctx) =>
    addUser(ctx, { ...person('admin', 'Ada Admin', of('Human Resources')), role: 'administrator' }),
  );
  await act((ctx) =>
    addUser(ctx, {
      ...person('sales-admin', 'Sam Sales', of('Sales')),
      role: 'department_administrator',
      manageableDepartmentIds: [of('Sales')],
    }),
  );
  await act((ctx) =>
    addUser(ctx, { ...person('trainer', 'Tara Trainer', of('Human Resources')), role: 'publisher' }),
  );
  await act((ctx) => addUser(ctx, person('learner', 'Lena Learner', of('Sales North'))));
  const homes = ['Sales North', 'Sales South', 'Assembly', 'Human Resources', 'Production'].map(of);
  // With `learner` they are fifty.
  for (let n = 1; n < LEARNERS; n++) {
    const name = `${FIRST_NAMES[n % FIRST_NAMES.length]} ${LAST_NAMES[Math.floor(n / FIRST_NAMES.length)]}`;
    const { password: _none, ...input } = person(`learner${n}`, name, homes[n % homes.length] ?? '');
    await act((ctx) => addUser(ctx, input));
  }
}

async function addContent(act: Act, now: Date): Promise<void> {
  const make = (
    type: Parameters<typeof createItem>[1],
    input: Parameters<typeof createItem>[2],
  ): Promise<string> => act((ctx) => createItem(ctx, type, input));
  const training = await act((ctx) =>
    createTraining(ctx, { title: 'First Aid in Practice', timeZone: 'Europe/Berlin' }),
  );
  for (const week of [1, 2, 3]) {
    const startsAt = new Date(now.getTime() + week * 7 * 86_400_000);
    startsAt.setUTCMinutes(0, 0, 0);
    const day = { startsAt, durationSeconds: 4 * 3600, location: `Room ${week}` };
    await act((ctx) => addSession(ctx, training, { title: `Group ${week}`, capacity: 12, days: [day] }));
  }
  const slides = await make('PDFDocument', {
    title: 'First Aid: the slides',
    code: 'FA-SLIDES',
    url: 'https://example.com/first-aid.pdf',
  });
  const firstAid = await make('Course', {
    title: 'First Aid',
    code: 'FIRST-AID',
    defaultDueType: 'due_period',
    defaultDuePeriodHours: 30 * 24,
  });
  await act((ctx) => addModule(ctx, firstAid, { itemId: slides }));
  await act((ctx) => addModule(ctx, firstAid, { itemId: training }));
  const video = await make('Video', {
    title: 'Data Protection in ten minutes',
    url: 'https://example.com/data-protection.mp4',
  });
  const privacy = await make('Course', {
    title: 'Data Protection',
    code: 'PRIVACY',
    defaultDueType: 'due_period',
    defaultDuePeriodHours: 14 * 24,
    defaultLock: true,
  });
  await act((ctx) => addModule(ctx, privacy, { itemId: video }));
  const onboarding = await make('Course', { title: 'Welcome to the Company', code: 'WELCOME' });
  const page = await make('Page', { title: 'Who is who', code: 'WHO' });
  await act((ctx) => addModule(ctx, onboarding, { itemId: page }));
  const track = await make('LearningTrack', { title: 'First Weeks', code: 'FIRST-WEEKS' });
  await act((ctx) => setTrackCourses(ctx, track, [onboarding, privacy, firstAid]));
  await make('Link', {
    title: 'Works agreement on remote work',
    code: 'REMOTE',
    url: 'https://example.com/remote',
    selfEnrollment: true,
  });
  await make('Quiz', { title: 'Fire safety quiz', code: 'FIRE' });
}
