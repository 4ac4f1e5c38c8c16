import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ENGINES } from '../support/database.ts';
import { addUser } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';
import { type Page, Visitor, wordsOf } from '../support/visitor.ts';

/** What an account looks like on its pages. */

const PASSWORD = 'correct horse battery';
type Bytes = Uint8Array<ArrayBuffer>;
const bytesOf = (base64: string): Bytes => Uint8Array.from(Buffer.from(base64, 'base64'));

/** Pictures of one pixel. */
const PNG = bytesOf(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
);
const WEBP = bytesOf('UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==');
/** The beginning of one. */
const JPEG = bytesOf('/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////');

for (const engine of ENGINES)
  describe(`the look of an account (${engine})`, () => {
    let world: World;
    before(async () => {
      world = await startWorld(engine);
      await addUser(world, { login: 'ann', password: PASSWORD });
    });
    after(() => world.close());

    const change = async (
      body: Bytes | FormData,
      type?: string,
    ): Promise<{ path: string; status: number }> => {
      const headers = type === undefined ? {} : { headers: { 'content-type': type } };
      const answer = await call(world, 'POST', '/portal/logo', { csv: body, ...headers });
      const { logoUrl = '' } = answer.json as { logoUrl?: string };
      return { status: answer.status, path: logoUrl && new URL(logoUrl).pathname };
    };
    const shownOn = ({ text }: Page): string[] =>
      [...text.matchAll(/<img class="logo" src="([^"]+)" alt="Academy">/g)].map(([, path = '']) => path);

    test('a logo stands on every page in the place of the name, which it has as its text', async () => {
      const { status, path } = await change(PNG, 'image/png');
      assert.equal(status, 200);
      const visitor = new Visitor(world);
      assert.deepEqual(shownOn(await visitor.get('/sign-in')), [path]);
      assert.equal((await visitor.signIn('ann', PASSWORD)).status, 303);
      for (const page of ['/my', '/my/catalogue', '/my/nowhere'])
        assert.deepEqual(shownOn(await visitor.get(page)), [path], page);
      const picture = await fetch(world.url + path);
      assert.deepEqual(new Uint8Array(await picture.arrayBuffer()), PNG);
      assert.deepEqual(
        ['content-type', 'x-content-type-options', 'cache-control', 'content-security-policy'].map((name) =>
          picture.headers.get(name),
        ),
        ['image/png', 'nosniff', 'public, max-age=31536000, immutable', "default-src 'none'; sandbox"],
      );
    });

    test('what it is, its first bytes say, in a body or in a form; another has another address', async () => {
      const form = new FormData();
      form.set('file', new Blob([JPEG], { type: 'image/png' }), 'logo.png');
      const paths: string[] = [];
      for (const [body, type, is] of [
        [PNG, 'application/octet-stream', 'image/png'],
        [WEBP, 'image/png', 'image/webp'],
        [form, undefined, 'image/jpeg'],
      ] as const) {
        const { status, path } = await change(body, type);
        assert.equal(status, 200, is);
        assert.equal((await fetch(world.url + path)).headers.get('content-type'), is);
        paths.push(path);
      }
      const [png = '', webp = '', jpeg = ''] = paths;
      for (const gone of [
        png,
        webp,
        jpeg.replace(/\d+-/, '2-'),
        jpeg.replace('.jpg', '.png'),
        '/portal/logo/x',
      ])
        assert.equal((await call(world, 'GET', gone, { token: null })).code, 'portal.unknown_logo', gone);
      assert.equal((await call(world, 'DELETE', '/portal/logo')).status, 204);
      assert.equal((await call(world, 'GET', jpeg, { token: null })).status, 404);
      const page = await new Visitor(world).get('/sign-in');
      assert.deepEqual(shownOn(page), []);
      assert.match(wordsOf(page), /Academy/);
    });

    test('pages have the colour at once, as readable as any', async () => {
      await call(world, 'POST', '/portal/settings', { json: { accentColor: 'ffff00' } });
      const visitor = new Visitor(world);
      const { text } = await visitor.get('/sign-in');
      const [, sheet = ''] = /href="(\/pages\/accent-ffff00\.css)"/.exec(text) ?? [];
      assert.match((await visitor.get(sheet)).text, /--accent: light-dark\(#[0-9a-f]{6}, #ffff00\)/);
      await call(world, 'POST', '/portal/settings', { json: { accentColor: '' } });
      assert.doesNotMatch((await visitor.get('/sign-in')).text, /ffff00/);
    });
  });
