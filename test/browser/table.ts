import { sql } from 'kysely';
import type { Page } from 'playwright-core';
import { call } from '../support/server.ts';
import { drawn } from './png.ts';
import { type Login, PASSWORD, type Stage } from './stage.ts';

/**
 * Every page of the portal in every state, in the order of docs/portal-pages.md. Each row is looked at by axe, at every size, and has
 * its pictures; `npm run check` asks for a row of every address.
 */

export interface Look {
  /** Of its pictures. */
  readonly name: string;
  /** The address as it stands in the route table. */
  readonly route: string;
  /** What is to be seen, in a few words. */
  readonly about: string;
  /** Who is signed in: the learner, unless it says otherwise. */
  readonly as?: Login | 'nobody';
  /** Goes there; any number of times, and leaves everything as it was. */
  readonly show: (page: Page, stage: Stage) => Promise<unknown>;
}

export const VIEWPORTS = {
  phone: { width: 360, height: 740 },
  desktop: { width: 1280, height: 800 },
} as const;
export const THEMES = ['light', 'dark'] as const;
/** Below docs/. */
export const PICTURES = 'pictures/portal';
export const pictureOf = (name: string, size: string, theme: string): string =>
  `${name}-${size}-${theme}.png`;

/** Addresses that show no page of their own. */
export const NO_PAGES: Readonly<Record<string, string>> = {
  '/my/certificate/{certificateId}': 'leads to the file',
  '/my/learning/{enrollmentId}/material/{moduleId}': 'as without a module',
  '/my/learning/{enrollmentId}/file': 'the file',
  '/my/learning/{enrollmentId}/file/{moduleId}': 'the file',
  '/file/{token}': 'the file',
  '/file/{token}/*': 'a file of a package',
  '/sign-in/password': 'leads to asking for a link',
  '/sign-in/openid': 'leads to the provider',
  '/sign-in/openid/callback': 'leads from the provider to where one wanted to go, or to signing in',
};

type PathName = keyof Stage['paths'];
const at =
  (name: PathName, query = ''): Look['show'] =>
  (page, { world, paths }) =>
    page.goto(world.url + paths[name] + query);
const go =
  (path: string): Look['show'] =>
  (page, { world }) =>
    page.goto(world.url + path);

const ITEM = '/my/learning/{enrollmentId}';
const FILE = '/my/learning/{enrollmentId}/material';
const SEATS = '/my/learning/{enrollmentId}/training/{moduleId}';

export const LOOKS: readonly Look[] = [
  { name: 'sign-in', route: '/sign-in', about: 'signing in', as: 'nobody', show: go('/sign-in') },
  {
    name: 'sign-in-required',
    route: '/sign-in',
    about: 'a field was left empty',
    as: 'nobody',
    show: async (page, stage) => {
      await go('/sign-in')(page, stage);
      await page.getByRole('button').click();
      await page.locator('#login[aria-invalid]').waitFor();
    },
  },
  {
    name: 'sign-in-wrong',
    route: '/sign-in',
    about: 'a wrong password',
    as: 'nobody',
    show: async (page, stage) => {
      await go('/sign-in')(page, stage);
      // Nobody's, so that no login is held back for it.
      await page.locator('#login').fill(`mia.sommer-${++attempts}`);
      await page.locator('#password').fill('not it');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'signed-out',
    route: '/sign-in',
    about: 'after signing out',
    as: 'nobody',
    show: go('/sign-in?ended=1'),
  },
  {
    name: 'sign-in-provider',
    route: '/sign-in',
    about: 'with a provider and a logo',
    as: 'nobody',
    show: async (page, stage) => {
      const { world } = stage;
      const settings = {
        issuer: 'http://127.0.0.1:9',
        clientId: 'rollbook',
        label: 'Acme ID',
        claim: 'email',
      };
      await call(world, 'POST', '/portal/openid', { json: settings });
      await call(world, 'POST', '/portal/logo', { csv: LOGO, headers: { 'content-type': 'image/png' } });
      await go('/sign-in')(page, stage);
      await page.getByRole('link', { name: 'Sign in with Acme ID' }).waitFor();
      await call(world, 'DELETE', '/portal/openid');
      await call(world, 'DELETE', '/portal/logo');
    },
  },
  {
    name: 'password-forgotten',
    route: '/sign-in/forgot',
    about: 'asking for a link to set a password',
    as: 'nobody',
    show: go('/sign-in/forgot'),
  },
  {
    name: 'password-forgotten-required',
    route: '/sign-in/forgot',
    about: 'without saying whose',
    as: 'nobody',
    show: async (page, stage) => {
      await go('/sign-in/forgot')(page, stage);
      await page.getByRole('button').click();
      await page.locator('#login[aria-invalid]').waitFor();
    },
  },
  {
    name: 'password-no-mail',
    route: '/sign-in/forgot',
    about: 'the account sends no mail',
    as: 'nobody',
    show: async (page, stage) => {
      await sendMail(stage, false);
      await go('/sign-in/forgot')(page, stage);
      await sendMail(stage, true);
    },
  },
  {
    name: 'password-asked',
    route: '/sign-in/forgot',
    about: 'a link may be on its way',
    as: 'nobody',
    show: go('/sign-in/forgot?sent=1'),
  },
  {
    name: 'password-set',
    route: '/sign-in/password/{secret}',
    about: 'setting it by the link',
    as: 'nobody',
    show: at('password'),
  },
  {
    name: 'password-set-required',
    route: '/sign-in/password/{secret}',
    about: 'nothing was typed',
    as: 'nobody',
    show: async (page, stage) => {
      await at('password')(page, stage);
      await page.getByRole('button').click();
      await page.locator('#password[aria-invalid]').waitFor();
    },
  },
  {
    name: 'password-dead',
    route: '/sign-in/password/{secret}',
    about: 'a link that was used, or is too old',
    as: 'nobody',
    show: go(`/sign-in/password/${'A'.repeat(43)}`),
  },
  {
    name: 'password-was-set',
    route: '/sign-in',
    about: 'a password was set a moment ago',
    as: 'nobody',
    show: go('/sign-in?set=1'),
  },
  { name: 'learning', route: '/my', about: 'my learning, by urgency', show: go('/my') },
  {
    name: 'learning-german',
    route: '/my',
    about: 'the same in German',
    show: async (page, stage) => {
      await page.route('**/my', (route, request) =>
        route.continue({ headers: { ...request.headers(), 'accept-language': 'de' } }),
      );
      await go('/my')(page, stage);
      await page.unroute('**/my');
    },
  },
  {
    name: 'learning-empty',
    route: '/my',
    about: 'enrolled in nothing',
    as: 'newcomer',
    show: go('/my'),
  },
  { name: 'material', route: ITEM, about: 'a material', show: at('open') },
  { name: 'material-overdue', route: ITEM, about: 'its due date is over', show: at('overdue') },
  { name: 'material-locked', route: ITEM, about: 'locked after the due date', show: at('locked') },
  {
    name: 'unlock-too-long',
    route: ITEM,
    about: 'asking for more time in too many words',
    show: async (page, stage) => {
      await at('locked')(page, stage);
      await page.locator('#message').fill('Please! '.repeat(70));
      await page.getByRole('button', { name: 'Ask to unlock' }).click();
      await page.getByRole('alert').waitFor();
    },
  },
  { name: 'unlock-asked', route: ITEM, about: 'more time was asked for', show: at('asked', '?asked=1') },
  { name: 'unlock-declined', route: ITEM, about: 'no more time is given', show: at('declined') },
  { name: 'material-upcoming', route: ITEM, about: 'it opens tomorrow', show: at('upcoming') },
  {
    name: 'away',
    route: '/my/learning/{enrollmentId}/away',
    about: 'on the way to a link elsewhere, for a moment',
    show: async (page, stage) => {
      // Where it leads is not there; nothing is what keeps the browser here.
      await page.route('https://docs.example/**', (route) => route.fulfill({ status: 204 }));
      await page.goto(`${stage.world.url}${stage.paths.open}/away`);
    },
  },
  { name: 'course', route: ITEM, about: 'a course and its modules', show: at('course') },
  {
    name: 'course-done',
    route: ITEM,
    about: 'completed a moment ago, with its certificate',
    show: at('done', '?saved=1'),
  },
  { name: 'course-empty', route: ITEM, about: 'a course without modules', show: at('empty') },
  {
    name: 'course-enrolled',
    route: ITEM,
    about: 'enrolled from the catalogue a moment ago',
    show: at('course', '?enrolled=1'),
  },
  { name: 'track', route: ITEM, about: 'a learning track and its courses', show: at('track') },
  {
    name: 'track-course',
    route: '/my/learning/{enrollmentId}/{courseId}',
    about: 'a course of a learning track',
    show: at('trackCourse'),
  },
  { name: 'material-picture', route: FILE, about: 'a picture', show: at('picture') },
  { name: 'material-text', route: FILE, about: 'a page that was uploaded', show: at('text') },
  { name: 'material-package', route: FILE, about: 'a SCORM package', show: at('package') },
  { name: 'material-document', route: FILE, about: 'a document', show: at('document') },
  {
    name: 'closed',
    route: '/my/*',
    about: 'what was open when one looked has been locked since',
    show: async (page, stage) => {
      const { clock } = stage.world;
      const before = clock.now;
      await at('open')(page, stage);
      // Long before it opened, which is closed like a lock.
      clock.now = new Date(before.getTime() - 30 * 86_400_000);
      try {
        await page.getByRole('button', { name: /I am done/ }).click();
        await page.getByRole('alert').waitFor();
      } finally {
        clock.now = before;
      }
    },
  },
  { name: 'sessions', route: SEATS, about: 'choosing a session', show: at('sessions') },
  {
    name: 'sessions-full',
    route: SEATS,
    about: 'the last seat went while one was looking',
    show: async (page, stage) => {
      await at('sessions')(page, stage);
      await seatRival(stage, 'participants');
      await page.getByRole('button', { name: 'Choose Small group' }).click();
      await page.getByRole('alert').waitFor();
      await seatRival(stage, 'participants/remove');
    },
  },
  { name: 'session-chosen', route: SEATS, about: 'a session is chosen', show: at('chosen') },
  {
    name: 'session-saved',
    route: SEATS,
    about: 'it was chosen a moment ago',
    show: at('chosen', '?done=saved'),
  },
  {
    name: 'session-chosen-for-you',
    route: SEATS,
    about: 'an administrator chose',
    show: at('chosenForYou'),
  },
  { name: 'session-waiting', route: SEATS, about: 'on the waiting list', show: at('waiting') },
  { name: 'sessions-late', route: SEATS, about: 'too late to choose', show: at('late') },
  { name: 'sessions-none', route: SEATS, about: 'no session is planned', show: at('noSessions') },
  { name: 'catalogue', route: '/my/catalogue', about: 'the catalogue', show: go('/my/catalogue') },
  {
    name: 'catalogue-not-found',
    route: '/my/catalogue',
    about: 'nothing has these words',
    show: go('/my/catalogue?q=origami'),
  },
  {
    name: 'catalogue-not-offered',
    route: '/my/catalogue',
    about: 'it was offered when one looked',
    show: async (page, stage) => {
      await go('/my/catalogue')(page, stage);
      const button = page.getByRole('button', { name: 'Enroll me: Knots' });
      const action = await button.locator('xpath=..').getAttribute('action');
      const offer = async (selfEnrollment: boolean): Promise<void> => {
        await call(stage.world, 'POST', `/content/${action?.split('/').at(-1)}`, {
          json: { selfEnrollment },
        });
      };
      await offer(false);
      await button.click();
      await page.getByRole('alert').waitFor();
      await offer(true);
    },
  },
  { name: 'notifications', route: '/my/notifications', about: 'what is new', show: go('/my/notifications') },
  {
    name: 'notifications-none',
    route: '/my/notifications',
    about: 'nothing is new',
    as: 'newcomer',
    show: go('/my/notifications?saved=1'),
  },
  { name: 'profile', route: '/my/profile', about: 'language and time zone', show: go('/my/profile') },
  {
    name: 'profile-saved',
    route: '/my/profile',
    about: 'saved a moment ago',
    show: go('/my/profile?saved=1'),
  },
  {
    name: 'profile-fault',
    route: '/my/profile',
    about: 'there is no such time zone',
    show: async (page, stage) => {
      await go('/my/profile')(page, stage);
      await page.getByLabel('Time zone').fill('Atlantis');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('alert').waitFor();
    },
  },
  { name: 'password', route: '/my/password', about: 'changing one’s password', show: go('/my/password') },
  {
    name: 'password-none',
    route: '/my/password',
    about: 'who signs in otherwise and has none',
    show: async (page, stage) => {
      const { db } = stage.world;
      const { rows } = await db.read((tx) =>
        sql<{ hash: string }>`select password_hash as hash from users where login = 'learner'`.execute(tx),
      );
      const set = (hash: string | null) =>
        db.writeOnce(sql`update users set password_hash = ${hash} where login = 'learner'`);
      await set(null);
      await go('/my/password')(page, stage);
      await set(rows[0]?.hash ?? null);
    },
  },
  {
    name: 'password-required',
    route: '/my/password',
    about: 'nothing was typed',
    show: async (page, stage) => {
      await go('/my/password')(page, stage);
      await page.getByRole('button', { name: 'Save the password' }).click();
      await page.locator('#old[aria-invalid]').waitFor();
    },
  },
  {
    name: 'password-changed',
    route: '/my/password',
    about: 'it was changed a moment ago',
    show: go('/my/password?changed=1'),
  },
  {
    name: 'calendar',
    route: '/my/calendar',
    about: 'no calendar yet',
    as: 'newcomer',
    show: go('/my/calendar'),
  },
  {
    name: 'calendar-made',
    route: '/my/calendar',
    about: 'its secret address, shown once',
    show: async (page, stage) => {
      await go('/my/calendar')(page, stage);
      await page.getByRole('button', { name: /^Make a/ }).click();
      await page.getByLabel('Address of my calendar').waitFor();
    },
  },
  {
    name: 'calendar-kept',
    route: '/my/calendar',
    about: 'its address is known elsewhere',
    show: async (page, stage) => {
      await go('/my/calendar')(page, stage);
      if (await page.getByRole('button', { name: 'Make an address' }).count())
        await page.getByRole('button', { name: 'Make an address' }).click();
      await go('/my/calendar')(page, stage);
      await page.getByRole('button', { name: 'Make a new address' }).waitFor();
    },
  },
  { name: 'missing', route: '/my/*', about: 'an address that leads nowhere', show: go('/my/nowhere') },
  {
    name: 'stale',
    route: '/my/*',
    about: 'a form of a page from before one signed in anew',
    show: async (page, stage) => {
      await at('open')(page, stage);
      await page.context().clearCookies();
      const other = await page.context().newPage();
      await signIn(other, stage, 'learner');
      await other.close();
      await page.getByRole('button', { name: /I am done/ }).click();
      await page.getByRole('alert').waitFor();
    },
  },
];

let attempts = 0;

/** A house of two colours. */
const LOGO = new Uint8Array(
  drawn(120, 48, (x, y) => (y > Math.abs(x - 60) * 0.6 && Math.abs(x - 60) < 40 ? 0x1d4ed8 : 0xf59e0b)),
);

const sendMail = async ({ world }: Stage, isEnabled: boolean): Promise<void> => {
  const answer = await call(world, 'POST', '/mail/settings', { json: { isEnabled } });
  if (answer.status !== 200) throw new Error(`/mail/settings: ${answer.status} ${answer.text}`);
};

const seatRival = async ({ world, small, rival }: Stage, path: string): Promise<void> => {
  const answer = await call(world, 'POST', `/training/session/${small}/${path}`, {
    json: { userIds: [rival] },
  });
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
};

export async function signIn(page: Page, { world }: Pick<Stage, 'world'>, login: string): Promise<void> {
  await page.goto(`${world.url}/sign-in`);
  await page.locator('#login').fill(login);
  await page.locator('#password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'My learning' }).waitFor();
}
