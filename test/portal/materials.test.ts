import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { ENGINES } from '../support/database.ts';
import { addTrack, enroll } from '../support/learning.ts';
import { addCourse, addModule, addUser } from '../support/people.ts';
import { call, requestToken, startWorld, type World } from '../support/server.ts';
import { Visitor, wordsOf } from '../support/visitor.ts';
import { scormPackage } from '../support/zip.ts';

const PASSWORD = 'correct horse battery';
const START = new Date('2026-03-02T09:00:00Z');
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MAX_FILE = 3 * 1024 * 1024;
const CONTENT_HOST = 'files.academy.example:8443';

/** A film of two parts and a half, by its first bytes. */
const FILM = Buffer.concat([Buffer.from('\0\0\0\x20ftypisom'), randomBytes(2.5 * 1024 * 1024)]);
const bytes = (text: string): Buffer<ArrayBuffer> => Buffer.from(text, 'latin1');
const PNG = bytes('\x89PNG\r\n\x1a\nxxxx');

interface Got {
  readonly status: number;
  readonly headers: Record<string, string | undefined>;
  readonly body: Buffer;
}

for (const engine of ENGINES)
  describe(`materials (${engine})`, () => {
    let world: World;
    let apart: World;
    let no = 0;
    before(async () => {
      world = await startWorld(engine, { now: START, files: { maxFileBytes: MAX_FILE } });
    });
    after(async () => {
      await world.close();
      await apart?.close();
    });

    async function learner(of: World = world): Promise<{ userId: string; visit: Visitor }> {
      const login = `learner-${++no}`;
      const userId = await addUser(of, { login, password: PASSWORD });
      const visit = new Visitor(of);
      await visit.signIn(login, PASSWORD);
      return { userId, visit };
    }

    async function upload(
      item: string,
      content: Buffer,
      { fileName, of = world }: { fileName?: string; of?: World } = {},
    ): Promise<void> {
      const query = fileName === undefined ? '' : `?fileName=${encodeURIComponent(fileName)}`;
      const answer = await call(of, 'POST', `/content/${item}/file${query}`, {
        csv: new Uint8Array(content),
        headers: { 'content-type': 'application/octet-stream' },
      });
      assert.equal(answer.status, 200, answer.text);
      const { size, sha256 } = answer.json as { size: number; sha256: string };
      assert.deepEqual([size, sha256], [content.length, createHash('sha256').update(content).digest('hex')]);
    }

    /** With the bytes as they came. */
    function get(
      visit: Visitor | null,
      path: string,
      headers: Record<string, string> = {},
      { of = world, method = 'GET' } = {},
    ): Promise<Got> {
      const cookie = [...(visit?.cookies ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
      return new Promise((done, fail) => {
        const sent = request(
          of.url + path,
          { method, headers: { ...(cookie && { cookie }), ...headers } },
          async (answer) => {
            const chunks: Buffer[] = [];
            for await (const chunk of answer) chunks.push(chunk);
            done({
              status: answer.statusCode ?? 0,
              headers: answer.headers as Got['headers'],
              body: Buffer.concat(chunks),
            });
          },
        );
        sent.on('error', fail).end();
      });
    }

    async function open(visit: Visitor, enrollment: string, from = ''): Promise<string> {
      await visit.get(`/my/learning/${enrollment}${from}`);
      return (await visit.submit(`/my/learning/${enrollment}/open`)).location ?? '';
    }

    test('what is opened is recorded, then shown on a page of ours; the file comes whole or in pieces', async () => {
      const { userId, visit } = await learner();
      const item = await addCourse(world, 'Video', { title: 'A film & more' });
      const enrollment = await enroll(world, userId, item);
      const [page, file] = [`/my/learning/${enrollment}/material`, `/my/learning/${enrollment}/file`];
      assert.match(wordsOf(await visit.get(`/my/learning/${enrollment}`)), /no material to open/);
      await upload(item, FILM, { fileName: 'Фильм "1".mp4' });
      for (const path of [page, file])
        assert.equal((await visit.get(path)).status, 404, 'nothing is seen that was not opened');
      assert.equal(await open(visit, enrollment), page);
      assert.match(wordsOf(await visit.get(`/my/learning/${enrollment}`)), /In progress/);
      const shown = await visit.get(page);
      assert.equal(shown.status, 200);
      assert.ok(shown.text.includes(`<video src="${file}" controls`), shown.text);
      assert.match(
        shown.headers.get('content-security-policy') ?? '',
        /; media-src 'self'; frame-src 'self';/,
      );
      assert.doesNotMatch(shown.text, /<script/);

      const whole = await get(visit, file);
      assert.equal(whole.status, 200);
      assert.ok(whole.body.equals(FILM));
      assert.equal(whole.headers['content-type'], 'video/mp4');
      assert.equal(whole.headers['content-length'], String(FILM.length));
      assert.equal(whole.headers['accept-ranges'], 'bytes');
      assert.equal(whole.headers['x-content-type-options'], 'nosniff');
      assert.equal(whole.headers['cross-origin-resource-policy'], 'same-origin');
      assert.match(whole.headers['content-security-policy'] ?? '', /^sandbox; default-src 'none';/);
      assert.match(
        whole.headers['content-disposition'] ?? '',
        /^inline; filename="_____ _1_.mp4"; filename\*=UTF-8''%D0%A4/,
      );
      const MIB = 1024 * 1024;
      const pieces: [string, number, number][] = [
        ['bytes=0-0', 0, 1],
        [`bytes=${MIB - 5}-${MIB + 4}`, MIB - 5, MIB + 5],
        [`bytes=${MIB}-`, MIB, FILM.length],
        ['bytes=-7', FILM.length - 7, FILM.length],
      ];
      for (const [range, from, to] of pieces) {
        const piece = await get(visit, file, { range });
        assert.equal(piece.status, 206, range);
        assert.equal(piece.headers['content-range'], `bytes ${from}-${to - 1}/${FILM.length}`);
        assert.ok(piece.body.equals(FILM.subarray(from, to)), range);
      }
      const beyond = await get(visit, file, { range: `bytes=${FILM.length}-` });
      assert.equal(`${beyond.status} ${beyond.headers['content-range']}`, `416 bytes */${FILM.length}`);
      const etag = whole.headers['etag'] ?? '';
      assert.equal((await get(visit, file, { 'if-none-match': `"x", ${etag}` })).status, 304);
      assert.equal((await get(visit, file, { range: 'bytes=0-1', 'if-range': etag })).status, 206);
      assert.equal((await get(visit, file, { range: 'bytes=0-1', 'if-range': '"x"' })).status, 200);
      const head = await get(visit, file, {}, { method: 'HEAD' });
      assert.equal(`${head.headers['content-length']} ${head.body.length}`, `${FILM.length} 0`);

      const kept = await call(world, 'GET', `/content/${item}/file`);
      assert.equal(kept.status, 200);
      assert.match(kept.headers.get('content-disposition') ?? '', /^attachment;/);
      assert.equal(kept.headers.get('content-type'), 'application/octet-stream');
      assert.equal(kept.headers.get('content-length'), String(FILM.length));
      const authorization = `Bearer ${world.token}`;
      const asked = await get(null, `/content/${item}/file`, { authorization }, { method: 'HEAD' });
      assert.equal(`${asked.headers['content-length']} ${asked.body.length}`, `${FILM.length} 0`);
      await visit.get(page);
      const done = await visit.submit(`/my/learning/${enrollment}/done`);
      assert.equal(done.location, `/my/learning/${enrollment}?saved=1`);
    });

    test('nobody else’s, and nothing that is closed, by any address', async () => {
      const { userId, visit } = await learner();
      const other = await learner();
      const item = await addCourse(world, 'Image');
      await upload(item, PNG);
      const due = { dueDateType: 'due_date', dueDate: '2026-03-02 15:00:00', lockAfterDueDate: true };
      const enrollment = await enroll(world, userId, item, { ...due, accessDate: '2026-03-02 12:00:00' });
      const [page, file] = [`/my/learning/${enrollment}/material`, `/my/learning/${enrollment}/file`];
      const statuses = async (who: Visitor): Promise<string> =>
        (await Promise.all([page, file, `${file}?download`].map((path) => who.get(path))))
          .map(({ status }) => status)
          .join(' ');
      try {
        assert.equal(await statuses(visit), '400 400 400', 'not open yet');
        world.clock.now = new Date('2026-03-02T12:00:00Z');
        const csrf = /name="csrf" value="([^"]+)"/.exec((await visit.get('/my')).text)?.[1] ?? '';
        await visit.post(`/my/learning/${enrollment}/open`, { csrf });
        assert.equal(await statuses(visit), '200 200 200');
        assert.equal(await statuses(other.visit), '404 404 404', 'somebody else’s');
        const stranger = await get(null, file);
        assert.equal(`${stranger.status} ${stranger.headers['location']}`.slice(0, 17), '303 /sign-in?next');
        for (const wrong of [`${file}/${item}`, `${page}/x`, `/my/learning/${item}/file`, '/file/x'])
          assert.equal((await visit.get(wrong)).status, 404, wrong);
        world.clock.now = new Date('2026-03-02T15:00:00.001Z');
        assert.equal(await statuses(visit), '400 400 400', 'locked');
        world.clock.now = new Date('2026-03-02T14:00:00Z');
        const { clientId, clientSecret } = world.account;
        // The first has run out, whatever the clock says afterwards.
        const token = await requestToken(world.url, clientId, clientSecret);
        world = { ...world, token };
        const ended = await call(world, 'POST', '/enrollment/delete', {
          token,
          json: { enrollmentIds: [enrollment] },
        });
        assert.equal(ended.status, 204, ended.text);
        assert.equal(await statuses(visit), '404 404 404', 'ended');
      } finally {
        world.clock.now = START;
      }
    });

    test('modules of a course, and of a course of a learning track', async () => {
      const { userId, visit } = await learner();
      const [course, item] = [await addCourse(world), await addCourse(world, 'Page', { title: 'Notes' })];
      const module = await addModule(world, course, item);
      const elsewhere = await addModule(world, await addCourse(world), item);
      await upload(item, bytes('<!doctype html><p onclick="x()">Hello'));
      const track = await addTrack(world, [course]);
      for (const [of, from] of [
        [course, ''],
        [track, `/${course}`],
      ] as const) {
        const enrollment = await enroll(world, userId, of);
        const path = `/my/learning/${enrollment}/material/${module}`;
        assert.equal(await open(visit, enrollment, from), path);
        const page = await visit.get(path);
        const file = `/my/learning/${enrollment}/file/${module}`;
        assert.ok(page.text.includes(`<iframe src="${file}" title="Notes" sandbox="allow-popups`), page.text);
        assert.doesNotMatch(page.text, /allow-same-origin|allow-scripts/);
        assert.ok(page.text.includes(`<a href="/my/learning/${enrollment}${from}">`));
        const shown = await get(visit, file);
        assert.equal(shown.headers['content-type'], 'text/html; charset=utf-8');
        const policy = shown.headers['content-security-policy'] ?? '';
        assert.match(policy, /^sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; /);
        assert.doesNotMatch(policy, /allow-same-origin|allow-scripts|script-src/);
        assert.equal((await visit.get(`/my/learning/${enrollment}/file/${elsewhere}`)).status, 404);
        assert.equal((await visit.get(`/my/learning/${enrollment}/file`)).status, 404);
      }
    });

    test('each kind on its page; what a browser does not show is kept, under any name', async () => {
      const { userId, visit } = await learner();
      const kinds: [string, Buffer, RegExp, string][] = [
        ['Image', PNG, /<img src="[^"]+" alt="Image/, 'inline; filename="Image'],
        ['Audio', bytes('ID3\x04xxx'), /<audio src="[^"]+" controls/, 'inline; filename="Audio'],
        [
          'PDFDocument',
          bytes('%PDF-1.7'),
          /<a class="button" href="[^"]+\?download"/,
          'attachment; filename="PDF',
        ],
        [
          'WordDocument',
          bytes('PK\x03\x04x'),
          /<a class="button" href="[^"]+\?download"/,
          'attachment; filename="W',
        ],
      ];
      for (const [type, content, expected, disposition] of kinds) {
        const item = await addCourse(world, type);
        await upload(item, content);
        const enrollment = await enroll(world, userId, item);
        const page = await visit.get(await open(visit, enrollment));
        assert.match(page.text, expected);
        const file = await get(visit, `/my/learning/${enrollment}/file`);
        assert.ok(
          file.headers['content-disposition']?.startsWith(disposition),
          file.headers['content-disposition'],
        );
        assert.match(file.headers['content-security-policy'] ?? '', /^sandbox; /);
        const kept = await get(visit, `/my/learning/${enrollment}/file?download`);
        assert.match(kept.headers['content-disposition'] ?? '', /^attachment; /);
      }
    });

    const stored = async (): Promise<{ files: number; parts: number }> => {
      const { rows } = await world.db.read((tx) =>
        sql<{ files: number; parts: number }>`
          select (select count(*)::int from stored_file) as files,
                 (select count(*)::int from stored_file_part) as parts`.execute(tx),
      );
      return rows[0] ?? assert.fail();
    };

    test('another file takes the place of the first at once; the first is removed later', async () => {
      const { userId, visit } = await learner();
      const item = await addCourse(world, 'Video');
      const enrollment = await enroll(world, userId, item);
      await upload(item, FILM);
      const file = `/my/learning/${enrollment}/file`;
      await open(visit, enrollment);
      const before = await stored();
      await upload(item, FILM.subarray(0, 1_000_000));
      assert.equal((await get(visit, file)).body.length, 1_000_000);
      assert.deepEqual(await stored(), { files: before.files + 1, parts: before.parts + 1 });
      await world.app.jobs.round();
      assert.deepEqual(await stored(), { files: before.files + 1, parts: before.parts + 1 });
      world.clock.now = new Date(START.getTime() + 3 * HOUR_MS);
      await world.app.jobs.round();
      world.clock.now = START;
      assert.deepEqual(await stored(), { files: before.files, parts: before.parts - 2 });
      assert.equal((await get(visit, file)).body.length, 1_000_000);
    });

    test('what breaks off or is too large leaves nothing behind, and the item what it had', async () => {
      const item = await addCourse(world, 'Video');
      await upload(item, FILM);
      const before = await stored();
      const send = (content: Buffer, { isWhole }: { isWhole: boolean }): Promise<number> =>
        new Promise((done) => {
          const sent = request(
            `${world.url}/content/${item}/file`,
            {
              method: 'POST',
              headers: { authorization: `Bearer ${world.token}`, 'transfer-encoding': 'chunked' },
            },
            (answer) => {
              answer.resume();
              done(answer.statusCode ?? 0);
            },
          );
          sent.on('error', () => done(0));
          sent.write(content);
          if (isWhole) sent.end();
          else setTimeout(() => sent.destroy(), 200);
        });
      const tooLarge = Buffer.concat([FILM, Buffer.alloc(MAX_FILE)]);
      assert.equal(await send(tooLarge, { isWhole: true }), 413);
      assert.equal(await send(FILM, { isWhole: false }), 0);
      for (let tries = 0; tries < 100; tries++) {
        await world.app.jobs.round();
        const { files, parts } = await stored();
        if (files === before.files && parts === before.parts) break;
        await new Promise((done) => setTimeout(done, 50));
      }
      assert.deepEqual(await stored(), before);
      const kept = await call(world, 'GET', `/content/${item}/file`);
      assert.equal(kept.headers.get('content-length'), String(FILM.length));
    });

    test('whose rights change while a file comes in, cannot end it', async () => {
      const item = await addCourse(world, 'Image');
      const publisher = await addUser(world, { role: 'publisher' });
      const token = await world.tokenOf(publisher);
      const status = await new Promise<number>((done, fail) => {
        const sent = request(
          `${world.url}/content/${item}/file`,
          { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'image/png' } },
          (answer) => {
            answer.resume();
            done(answer.statusCode ?? 0);
          },
        );
        sent.on('error', fail);
        sent.write(PNG);
        setTimeout(async () => {
          await call(world, 'POST', `/user/${publisher}/status`, { json: { status: 5 } });
          sent.end(PNG);
        }, 100);
      });
      assert.equal(status, 401);
      assert.equal((await call(world, 'GET', `/content/${item}/file`)).code, 'content.no_file');
    });

    test('on an origin of its own: by a signed address, for that session, while it is open; nothing else is there', async () => {
      const contentUrl = `https://${CONTENT_HOST}`;
      apart = await startWorld(engine, { now: START, files: { contentUrl } });
      const host = { host: CONTENT_HOST };
      const { userId, visit } = await learner(apart);
      const item = await addCourse(apart, 'PDFDocument', { title: 'Plan' });
      await upload(item, bytes('%PDF-1.7 xxx'), { of: apart });
      const terms = { dueDateType: 'due_date', dueDate: '2026-03-02 12:00:00', lockAfterDueDate: true };
      const enrollment = await enroll(apart, userId, item, terms);
      const page = await visit.get(await open(visit, enrollment));
      const url = /href="([^"]+)" target="_blank"/.exec(page.text)?.[1] ?? '';
      assert.ok(url.startsWith(`${contentUrl}/file/`), page.text);
      assert.match(page.headers.get('content-security-policy') ?? '', new RegExp(`frame-src ${contentUrl};`));
      const { pathname } = new URL(url);
      const there = (path: string, headers: Record<string, string> = host) =>
        get(null, path, headers, { of: apart });
      const file = await there(pathname);
      assert.equal(file.body.toString(), '%PDF-1.7 xxx');
      assert.match(file.headers['content-disposition'] ?? '', /^inline; filename="Plan.pdf"/);
      assert.equal(file.headers['content-security-policy'], "frame-ancestors 'none'");
      assert.equal((await there(pathname, { ...host, range: 'bytes=1-3' })).body.toString(), 'PDF');
      assert.equal((await there(pathname, {})).status, 404, 'not on ours');
      assert.equal((await get(visit, `/my/learning/${enrollment}/file`, {}, { of: apart })).status, 404);
      const token = pathname.slice('/file/'.length);
      for (let place = 0; place < token.length; place += 7) {
        const other = token[place] === 'A' ? 'B' : 'A';
        const forged = `/file/${token.slice(0, place)}${other}${token.slice(place + 1)}`;
        assert.equal((await there(forged)).status, 404, forged);
      }
      for (const path of ['/my', '/sign-in', '/content', '/healthz', '/'])
        assert.equal((await there(path)).status, 404, path);
      // A package has an origin there, so that its windows know each other; ours has nothing of it.
      const scorm = await addCourse(apart, 'SCORM');
      await upload(scorm, scormPackage('1.2'), { of: apart });
      const { text } = await visit.get(await open(visit, await enroll(apart, userId, scorm)));
      const [, launch = '', sandbox = ''] = /<iframe src="([^"]+)"[^>]* sandbox="([^"]+)"/.exec(text) ?? [];
      assert.ok(launch.startsWith(`${contentUrl}/file/`) && sandbox.includes('allow-same-origin'), text);
      const part = await there(new URL(launch).pathname);
      assert.match(part.headers['content-security-policy'] ?? '', /^sandbox [^;]*allow-same-origin;/);
      assert.match(part.body.toString(), /\.rollbook\/start\.js/);
      assert.equal((await there(new URL(launch).pathname, {})).status, 404, 'not on ours');
      const again = async (at: number): Promise<number> => {
        apart.clock.now = new Date(START.getTime() + at);
        return (await there(pathname)).status;
      };
      assert.equal(await again(2 * HOUR_MS), 200);
      assert.equal(await again(3 * HOUR_MS + 1), 400, 'locked');
      assert.equal(await again(DAY_MS), 404, 'too old');
      assert.equal(await again(0), 200);
      await visit.get('/my');
      await visit.submit('/sign-out');
      assert.equal(await again(0), 404, 'signed out');
    });
  });
