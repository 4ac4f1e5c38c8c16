import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { sha256 } from '../../src/kernel/hash.ts';
import { Providers } from '../../src/openid/index.ts';
import { Outbound } from '../../src/outbound/index.ts';
import { ENGINES } from '../support/database.ts';
import { type OpenIdProvider, startOpenIdProvider } from '../support/openid-provider.ts';
import { addUser } from '../support/people.ts';
import { startReceiver } from '../support/receiver.ts';
import { ACCOUNT_URL, call, requestToken, startWorld, type World } from '../support/server.ts';
import { type Page, Visitor, wordsOf } from '../support/visitor.ts';

const PASSWORD = 'correct horse battery';
const MINUTE_MS = 60_000;

for (const engine of ENGINES)
  describe(`signing in with an OpenID provider (${engine})`, () => {
    let world: World;
    let provider: OpenIdProvider;
    let no = 0;
    before(async () => {
      // The provider's tokens are of today.
      world = await startWorld(engine, { now: new Date() });
      provider = await startOpenIdProvider(`${ACCOUNT_URL}/sign-in/openid/callback`);
    });
    after(async () => {
      await provider.close();
      await world.close();
    });
    beforeEach(async () => {
      provider.down = null;
      await configure();
    });

    const fresh = async (): Promise<World> => ({
      ...world,
      token: await requestToken(world.url, world.account.clientId, world.account.clientSecret),
    });
    const configure = async (more: Record<string, unknown> = {}, token?: string): Promise<unknown> => {
      const { issuer, clientId, clientSecret } = provider;
      const json = { issuer, clientId, clientSecret, label: 'Acme ID', claim: 'email', ...more };
      const answer = await call(await fresh(), 'POST', '/portal/openid', {
        json,
        ...(token ? { token } : {}),
      });
      assert.equal(answer.status, 200, answer.text);
      return answer.json;
    };
    /** A user, and the same person at the provider. */
    const person = async (
      claims: (login: string) => Record<string, unknown> = () => ({}),
    ): Promise<{ userId: string; login: string; subject: string; email: string }> => {
      const login = `ann-${++no}`;
      const userId = await addUser(await fresh(), { login, password: PASSWORD });
      const [email, subject] = [`${login}@academy.example`, `subject-${no}`];
      provider.people.set(subject, { email, email_verified: true, ...claims(login) });
      return { userId, login, email, subject };
    };
    const begin = async (visit: Visitor, query = ''): Promise<string> => {
      const answer = await visit.get(`/sign-in/openid${query}`);
      assert.equal(answer.status, 303, answer.text);
      return answer.location ?? '';
    };
    const come = (visit: Visitor, back: URL): Promise<Page> => visit.get(back.pathname + back.search);
    /** All the way there and back; `change` is what a provider or somebody on the way does to it. */
    const signIn = async (
      subject: string | null,
      visit = new Visitor(world),
      change: (entrance: URL) => void = () => undefined,
    ): Promise<Page> => {
      provider.subject = subject;
      const entrance = new URL(await begin(visit));
      change(entrance);
      return come(visit, await provider.visit(entrance.href));
    };
    const isIn = async (visit: Visitor): Promise<boolean> => (await visit.get('/my')).status === 200;
    /** Nobody is signed in, the page says why, and a password still does. */
    const assertRefused = async (
      answer: Page,
      status: number,
      words: RegExp,
      visit?: Visitor,
    ): Promise<void> => {
      assert.equal(answer.status, status, answer.text);
      assert.match(wordsOf(answer), words);
      assert.match(answer.text, /role="alert"/);
      assert.match(answer.text, /name="password"/);
      assert.ok(!answer.headers.getSetCookie().some((set) => set.startsWith('rollbook_session=')));
      if (visit) assert.ok(!(await isIn(visit)));
    };

    test('there and back: with PKCE, state and nonce, to where one wanted to go', async () => {
      const { userId, subject, email } = await person();
      const visit = new Visitor(world);
      const page = await visit.get('/sign-in?next=%2Fmy%2Fcatalogue');
      assert.match(
        page.text,
        /<a class="button second" href="\/sign-in\/openid\?next=%2Fmy%2Fcatalogue">Sign in with Acme ID<\/a>/,
      );
      const answer = await visit.get('/sign-in/openid?next=%2Fmy%2Fcatalogue');
      const cookie = answer.headers.getSetCookie()[0] ?? '';
      assert.match(cookie, /^rollbook_openid=.*; HttpOnly; SameSite=Lax; Secure; Max-Age=600$/);
      const entrance = new URL(answer.location ?? '');
      assert.equal(entrance.origin, provider.issuer);
      const { state, nonce, code_challenge, ...rest } = Object.fromEntries(entrance.searchParams);
      assert.deepEqual(rest, {
        redirect_uri: `${ACCOUNT_URL}/sign-in/openid/callback`,
        scope: 'openid email',
        code_challenge_method: 'S256',
        client_id: 'rollbook',
        response_type: 'code',
      });
      assert.equal(new Set([state, nonce, code_challenge].map((text) => text?.length)).size, 1);
      provider.subject = subject;
      const back = await provider.visit(entrance.href);
      const done = await come(visit, back);
      assert.equal(`${done.status} ${done.location}`, '303 /my/catalogue', done.text);
      assert.match(
        done.headers.getSetCookie().find((set) => set.startsWith('rollbook_session=')) ?? '',
        /; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
      );
      assert.ok(!visit.cookies.has('rollbook_openid'), 'the attempt is over');
      assert.ok(await isIn(visit));
      assert.equal((await visit.get('/sign-in/openid')).location, '/my', 'who is signed in need not again');
      // The same person by another spelling of the address.
      provider.people.set(subject, { email: email.toUpperCase(), email_verified: true });
      await call(await fresh(), 'DELETE', `/user/${userId}/openid`);
      assert.equal((await signIn(subject)).location, '/my');
    });

    test('an address elsewhere is not where one goes afterwards', async () => {
      const { subject } = await person();
      provider.subject = subject;
      for (const next of ['https://evil.example/', '//evil.example', '/my\\evil']) {
        const visit = new Visitor(world);
        const entrance = await begin(visit, `?next=${encodeURIComponent(next)}`);
        assert.equal((await come(visit, await provider.visit(entrance))).location, '/my', next);
      }
    });

    test('what was not begun here, or not with this, does not end here', async () => {
      const { subject } = await person();
      provider.subject = subject;
      const STALE = /That took too long, or was begun in another window/;
      const visit = new Visitor(world);
      const first = await provider.visit(await begin(visit));
      const changed = (name: string, value: string): URL => {
        const url = new URL(first);
        url.searchParams.set(name, value);
        return url;
      };
      await assertRefused(await come(visit, changed('state', 'x'.repeat(43))), 400, STALE, visit);
      await assertRefused(await come(new Visitor(world), first), 400, STALE);
      const forged = new Visitor(world);
      forged.cookies.set('rollbook_openid', `${visit.cookies.get('rollbook_openid')}x`);
      await assertRefused(await come(forged, first), 400, STALE);
      await assertRefused(
        await come(visit, changed('iss', 'https://evil.example')),
        502,
        /Acme ID gave an answer/,
        visit,
      );
      // Somebody's code in somebody else's attempt.
      const [one, other] = [new Visitor(world), new Visitor(world)];
      const [mine, theirs] = [
        await provider.visit(await begin(one)),
        await provider.visit(await begin(other)),
      ];
      mine.searchParams.set('code', theirs.searchParams.get('code') ?? '');
      await assertRefused(await come(one, mine), 400, STALE, one);
      // Somebody's token in somebody else's attempt.
      const third = new Visitor(world);
      const answer = await signIn(subject, third, (url) => url.searchParams.set('nonce', 'n'.repeat(43)));
      await assertRefused(answer, 502, /Acme ID gave an answer that cannot be used/, third);
    });

    test('an attempt comes back once, and not after ten minutes', async () => {
      const { subject } = await person();
      provider.subject = subject;
      const visit = new Visitor(world);
      const entrance = await begin(visit);
      const kept = visit.cookies.get('rollbook_openid') ?? '';
      const back = await provider.visit(entrance);
      assert.equal((await come(visit, back)).location, '/my');
      const again = new Visitor(world);
      again.cookies.set('rollbook_openid', kept);
      const asked = provider.requests.length;
      await assertRefused(await come(again, back), 400, /That took too long/, again);
      assert.equal(provider.requests.length, asked, 'the provider is not asked again');
      const late = new Visitor(world);
      const slow = await provider.visit(await begin(late));
      const before = world.clock.now;
      world.clock.now = new Date(before.getTime() + 10 * MINUTE_MS);
      await assertRefused(await come(late, slow), 400, /That took too long/, late);
      world.clock.now = before;
    });

    test('who is not known, not confirmed, not active, or turns back, is told what to do', async () => {
      const rows: readonly [claims: Record<string, unknown>, words: RegExp][] = [
        [{ email_verified: false }, /Acme ID does not tell under which confirmed name/],
        [{ email: undefined }, /Acme ID does not tell under which confirmed name/],
        [
          { email: 'zoe@elsewhere.example' },
          /Acme ID knows you as zoe@elsewhere\.example, but nobody is known here/,
        ],
        [{ email: '<b>"@x.example' }, /knows you as <b>"@x\.example, but nobody/],
      ];
      for (const [claims, words] of rows)
        await assertRefused(await signIn((await person(() => claims)).subject), 403, words);
      const { subject, userId } = await person();
      const visit = new Visitor(world);
      assert.equal((await signIn(subject, visit)).location, '/my');
      await call(await fresh(), 'POST', `/user/${userId}/status`, { json: { status: 3 } });
      assert.ok(!(await isIn(visit)), 'out at once');
      await assertRefused(await signIn(subject), 403, /Your access is not active/);
      const never = await person();
      await call(await fresh(), 'POST', `/user/${never.userId}/status`, { json: { status: 3 } });
      await assertRefused(await signIn(never.subject), 403, /Your access is not active/);
      await assertRefused(await signIn(null), 403, /You did not sign in with Acme ID/);
      const created = await world.db.read((tx) =>
        sql`select from users where email_key = 'zoe@elsewhere.example'`.execute(tx),
      );
      assert.equal(created.rows.length, 0, 'nobody was created on the way');
    });

    test('whoever has signed in once stays who they are, whatever they are called there later', async () => {
      const [ann, ben] = [await person(), await person()];
      const meOf = async (subject: string): Promise<string> => {
        const visit = new Visitor(world);
        assert.equal((await signIn(subject, visit)).location, '/my');
        const hash = sha256(visit.cookies.get('rollbook_session') ?? '');
        const { rows } = await world.db.read((tx) =>
          sql<{ user_id: string }>`select user_id from session where session_hash = ${hash}`.execute(tx),
        );
        return rows[0]?.user_id ?? '';
      };
      assert.equal(await meOf(ann.subject), ann.userId);
      // Ann gets Ben's address, then one that the provider has not verified.
      provider.people.set(ann.subject, { email: ben.email, email_verified: true });
      assert.equal(await meOf(ann.subject), ann.userId);
      provider.people.set(ann.subject, { email: ben.email, email_verified: false });
      assert.equal(await meOf(ann.subject), ann.userId);
      assert.equal(await meOf(ben.subject), ben.userId);
      // Somebody new gets the address that was Ann's.
      provider.people.set('somebody', { email: ann.email, email_verified: true });
      await assertRefused(
        await signIn('somebody'),
        403,
        /Somebody else at Acme ID has signed in here in your place/,
      );
      const forgotten = await call(await fresh(), 'DELETE', `/user/${ann.userId}/openid`);
      assert.equal(forgotten.status, 204, forgotten.text);
      assert.equal(await meOf('somebody'), ann.userId);
      // A deleted user leaves nothing behind.
      assert.equal((await call(await fresh(), 'DELETE', `/user/${ann.userId}`)).status, 204);
      await assertRefused(await signIn('somebody'), 403, /nobody is known here by that name/);
      const anew = await addUser(await fresh(), { login: ann.login });
      assert.equal(await meOf('somebody'), anew);
    });

    test('known by login: as the name they have there, or as the subject, which comes with the token', async () => {
      const { subject, login, userId } = await person((name) => ({
        preferred_username: name.toUpperCase(),
        email_verified: false,
      }));
      await configure({ claim: 'preferred_username' });
      assert.equal((await signIn(subject)).location, '/my');
      await call(await fresh(), 'DELETE', `/user/${userId}/openid`);
      await configure({ claim: 'sub' });
      provider.people.set(login, {});
      const asked = provider.requests.length;
      assert.equal((await signIn(login)).location, '/my');
      assert.ok(!provider.requests.slice(asked).includes('/me'), 'no more is asked than is needed');
      await assertRefused(await signIn('nobody-here'), 403, /knows you as nobody-here/);
    });

    test('nobody is signed in by a provider that somebody of lower rank has set', async () => {
      const administrator = await addUser(await fresh(), { role: 'administrator', login: `admin-${++no}` });
      provider.people.set('the owner', { email: 'owner@academy.example', email_verified: true });
      provider.people.set('the administrator', {
        email: `admin-${no}@academy.example`,
        email_verified: true,
      });
      await configure({}, await world.tokenOf(administrator));
      await assertRefused(
        await signIn('the owner'),
        403,
        /Whoever set up Acme ID has fewer rights than you have/,
      );
      assert.equal((await signIn('the administrator')).location, '/my');
      await configure();
      assert.equal((await signIn('the owner')).location, '/my');
      // Also where they have been signed in before.
      await configure({}, await world.tokenOf(administrator));
      await assertRefused(await signIn('the owner'), 403, /fewer rights/);
    });

    test('a provider that is down, slow to recover, or wrong: a friendly page, and the password still does', async () => {
      const { subject, login } = await person();
      const DOWN = /Acme ID does not answer at the moment/;
      provider.subject = subject;
      const visit = new Visitor(world);
      const back = await provider.visit(await begin(visit));
      provider.down = '/token';
      await assertRefused(await come(visit, back), 503, DOWN, visit);
      // Settings that are not those that are known, so that it is asked who it is.
      provider.down = '/';
      await configure({ clientSecret: 'wrong' });
      await assertRefused(await new Visitor(world).get('/sign-in/openid'), 503, DOWN);
      const asked = provider.requests.length;
      await new Visitor(world).get('/sign-in/openid');
      assert.equal(provider.requests.length, asked, 'it is left alone for a moment');
      const byPassword = new Visitor(world);
      assert.equal((await byPassword.signIn(login, PASSWORD)).location, '/my');
      provider.down = null;
      world.clock.now = new Date(world.clock.now.getTime() + 10_000);
      await assertRefused(await signIn(subject), 502, /gave an answer that cannot be used/);
      await configure();
      assert.equal((await signIn(subject)).location, '/my');
      const gone = await startOpenIdProvider('https://academy.example/');
      await gone.close();
      assert.equal(
        ((await configure({ issuer: gone.issuer })) as { problem: string }).problem,
        'the connection was refused',
      );
      await assertRefused(await new Visitor(world).get('/sign-in/openid'), 503, DOWN);
    });

    test('what a provider must not be is said when it is set', async () => {
      const answers: Record<string, (issuer: string) => [status: number, body: string]> = {
        '/other': () => [200, JSON.stringify({ issuer: 'https://other.example' })],
        '/large': (issuer) => [200, JSON.stringify({ issuer: `${issuer}/large`, more: 'x'.repeat(300_000) })],
        '/broken': () => [200, '{'],
        '/missing': () => [404, '{}'],
        '/moved': () => [302, ''],
      };
      const said: Record<string, RegExp> = {
        '/other': /^the provider calls itself https:\/\/other\.example\/$/,
        '/large': /^the answer broke off, or is too large$/,
        '/broken': /^the answer cannot be used/,
        '/missing': /^the provider answered 404$/,
        '/moved': /^the provider answered 302$/,
      };
      const receiver = await startReceiver(({ path }, response) => {
        const [status, body] = answers[path.replace('/.well-known/openid-configuration', '')]?.(
          receiver.url,
        ) ?? [500, ''];
        response
          .writeHead(status, { 'content-type': 'application/json', location: provider.issuer })
          .end(body);
      });
      for (const [path, words] of Object.entries(said)) {
        const { problem } = (await configure({ issuer: receiver.url + path })) as { problem: string };
        assert.match(problem, words, path);
      }
      await receiver.close();
      await configure();
      const page = await new Visitor(world).get('/sign-in');
      assert.match(page.text, /Sign in with Acme ID/);
      assert.equal((await call(await fresh(), 'DELETE', '/portal/openid')).status, 204);
      assert.doesNotMatch((await new Visitor(world).get('/sign-in')).text, /openid/);
      assert.equal((await new Visitor(world).get('/sign-in/openid')).location, '/sign-in');
      assert.equal(
        (await new Visitor(world).get('/sign-in/openid/callback?code=x&state=y')).location,
        '/sign-in',
      );
    });

    test('whoever makes us ask the provider in vain is told to wait', async () => {
      provider.subject = (await person()).subject;
      const visitor = async (): Promise<Page> => {
        const visit = new Visitor(world);
        const state = new URL(await begin(visit)).searchParams.get('state') ?? '';
        return come(visit, new URL(`${world.url}/sign-in/openid/callback?code=x&state=${state}`));
      };
      let answer = await visitor();
      for (let attempt = 0; attempt < 100 && answer.status !== 429; attempt++) answer = await visitor();
      await assertRefused(answer, 429, /Too many attempts/);
      const asked = provider.requests.length;
      assert.equal((await visitor()).status, 429);
      assert.equal(provider.requests.length, asked);
      const { login } = await person();
      assert.equal((await new Visitor(world).signIn(login, PASSWORD)).location, '/my');
    });
  });

test('a provider is asked at public addresses only', async () => {
  const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
  const providers = new Providers(new Outbound({ resolve }), () => new Date());
  const settings = { clientId: 'x', clientSecret: 'y', label: 'x', claim: 'email', rank: 5 } as const;
  assert.equal(
    await providers.problemOf(1, { issuer: 'https://login.example', ...settings }),
    'the address is not public',
  );
  assert.equal(
    await providers.problemOf(2, { issuer: 'https://10.0.0.1', ...settings }),
    'the address is not public',
  );
});
