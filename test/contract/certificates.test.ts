import assert from 'node:assert/strict';
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { type Scenario, type Stage, scenarios } from '../behaviour/runner.ts';
import { addCourseOf, addTrack, enroll, enrolled, record } from '../support/learning.ts';
import { addCourse, addUser } from '../support/people.ts';
import { ACCOUNT_URL, call, type World } from '../support/server.ts';

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

interface Listed {
  enrollmentId: string;
  courseId: string;
  certificate?: { issuedCertificateId: string; issueDate: string; expiryDate?: string };
}

const instant = (at: Date): string => `${at.toISOString().slice(0, 19)}+00:00`;

async function certificates(world: World, learnerId: string): Promise<Record<string, Listed['certificate']>> {
  const list = (await call(world, 'GET', `/enrollment?learnerIds[]=${learnerId}`)).json as Listed[];
  return Object.fromEntries(list.map((one) => [one.courseId, one.certificate]));
}

/** Somebody of this name, who has completed an item of this title; the certificate's id. */
async function certified(
  world: World,
  names: Record<string, string>,
  title: string,
): Promise<{ learnerId: string; enrollmentId: string; id: string }> {
  const login = `c-${Math.random().toString(36).slice(2)}`;
  const created = await call(world, 'POST', '/user', {
    json: {
      departmentId: world.account.rootDepartmentId,
      fields: { login, ...names },
      email: `${login}@academy.example`,
    },
  });
  const learnerId = created.json as string;
  const item = await addCourse(world, 'Page', { title });
  const enrollmentId = await enroll(world, learnerId, item);
  await record(world, enrollmentId, { status: 'complete' });
  const id = (await certificates(world, learnerId))[item]?.issuedCertificateId ?? '';
  return { learnerId, enrollmentId, id };
}

/** The link, as a path on the server under test: it names the account's address. */
async function linkTo(stage: Stage, id: string): Promise<string> {
  const answer = await call(stage.world, 'GET', `/certificate/${id}`, {
    accept: `application/${stage.format}`,
  });
  assert.equal(answer.status, 200, answer.text);
  const url =
    stage.format === 'json'
      ? (answer.json as { url: string }).url
      : (/^<\?xml version="1\.0" encoding="UTF-8"\?>\n<response><issuedCertificate><url>([^<]+)<\/url><\/issuedCertificate><\/response>$/.exec(
          answer.text,
        )?.[1] ?? assert.fail(answer.text));
  if (stage.format === 'json') assert.deepEqual(Object.keys(answer.json as object), ['url']);
  assert.match(
    url,
    new RegExp(`^${ACCOUNT_URL}/download/v1/certificate/${id}\\?token=[\\w-]+\\.[\\w-]+\\.[\\w-]+$`),
  );
  return url.slice(ACCOUNT_URL.length);
}

/** What a reader that is not ours finds in the PDF, a text per line. */
async function textOf(bytes: Uint8Array): Promise<string[]> {
  const pdf = await getDocument({ data: bytes, verbosity: 0 }).promise;
  try {
    assert.equal(pdf.numPages, 1);
    const { items } = await (await pdf.getPage(1)).getTextContent();
    return items.map((item) => ('str' in item ? item.str : '')).filter((text) => text.trim() !== '');
  } finally {
    await pdf.destroy();
  }
}

async function download(
  world: World,
  path: string,
): Promise<{ status: number; headers: Headers; bytes: Uint8Array }> {
  const response = await fetch(world.url + path, { headers: { accept: 'application/pdf' } });
  return {
    status: response.status,
    headers: response.headers,
    bytes: new Uint8Array(await response.arrayBuffer()),
  };
}

const ISSUING: readonly Scenario[] = [
  [
    'a certificate comes with completion, in every list and format, and once per term',
    async (stage) => {
      const { world } = stage;
      const material = await addCourse(world, 'Page');
      const { learnerId, enrollmentId } = await enrolled(world, material);
      assert.equal((await certificates(world, learnerId))[material], undefined);
      const issued = world.clock.now;
      await stage.post(`/enrollment/${enrollmentId}/progress`, { status: 'passed' });
      world.clock.now = new Date(issued.getTime() + 60_000);
      await stage.post(`/enrollment/${enrollmentId}/progress`, { status: 'complete' });
      const id = (await certificates(world, learnerId))[material]?.issuedCertificateId ?? '';
      const certificate = { issuedCertificateId: id, issueDate: instant(issued) };
      assert.deepEqual((await certificates(world, learnerId))[material], certificate);
      const one = await call(world, 'GET', `/enrollment/${enrollmentId}`);
      assert.deepEqual((one.json as Listed).certificate, certificate);
      const paged = await call(world, 'GET', `/enrollments?learnerIds[]=${learnerId}`);
      assert.deepEqual((paged.json as { enrollments: Listed[] }).enrollments[0]?.certificate, certificate);
      for (const path of [
        `/enrollment?learnerIds[]=${learnerId}`,
        `/enrollment/${enrollmentId}`,
        `/enrollments?learnerIds[]=${learnerId}`,
      ])
        assert.match(
          (await call(world, 'GET', path, { accept: 'application/xml' })).text,
          new RegExp(
            `</shouldLockAfterDueDate><certificate><issuedCertificateId>${id}</issuedCertificateId><issueDate>${instant(issued).replace('+', '\\+')}</issueDate></certificate></enrollment>`,
          ),
        );
    },
  ],
  [
    'for what was enrolled: the track and a course taken directly, not a course within the track',
    async (stage) => {
      const { world } = stage;
      const inside = await addCourseOf(world, 1);
      const both = await addCourseOf(world, 1);
      const track = await addTrack(world, [inside.courseId, both.courseId]);
      const { learnerId, enrollmentId } = await enrolled(world, track);
      await enroll(world, learnerId, both.courseId);
      await record(world, enrollmentId, { status: 'complete', moduleId: inside.moduleIds[0] });
      assert.deepEqual(Object.values(await certificates(world, learnerId)), [undefined, undefined]);
      await record(world, enrollmentId, { status: 'complete', moduleId: both.moduleIds[0] });
      const all = await certificates(world, learnerId);
      assert.ok(all[track]);
      assert.ok(all[both.courseId]);
      assert.notEqual(all[track]?.issuedCertificateId, all[both.courseId]?.issuedCertificateId);
      assert.equal(Object.keys(all).length, 2);
    },
  ],
];

const FILES: readonly Scenario[] = [
  [
    'the PDF names holder, title and date, in the scripts of the holder',
    async (stage) => {
      const { world } = stage;
      for (const [first, last, title] of [
        ['Жанна', 'Ќосић', 'Охрана труда & ТБ <2>'],
        ['محمد', 'علي', 'تدريب مهني'],
        ['小明', '王', '安全生产培训'],
        ['지훈', '김', '안전 교육'],
        ['Zoë', 'Łukasiewicz', 'Fire safety '.repeat(30).trim()],
      ] as const) {
        const { id } = await certified(world, { first_name: first, last_name: last }, title);
        const { status, headers, bytes } = await download(world, await linkTo(stage, id));
        assert.equal(status, 200);
        assert.equal(headers.get('content-type'), 'application/pdf');
        assert.equal(headers.get('content-disposition'), `inline; filename="certificate-${id}.pdf"`);
        assert.equal(headers.get('cache-control'), 'no-store');
        const lines = await textOf(bytes);
        const whole = lines.join(' ').replace(/\s+/g, ' ');
        assert.ok(lines.includes(`${first} ${last}`), whole);
        assert.ok(whole.includes(title), whole);
        const date = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(
          world.clock.now,
        );
        assert.ok(lines.includes(date), whole);
      }
    },
  ],
  [
    'without names in the profile the login stands for the holder',
    async (stage) => {
      const { id } = await certified(stage.world, {}, 'Anything');
      const lines = await textOf((await download(stage.world, await linkTo(stage, id))).bytes);
      assert.ok(
        lines.some((line) => /^c-[a-z0-9]+$/.test(line)),
        lines.join('\n'),
      );
    },
  ],
  [
    'a link holds for ten minutes, for its certificate only, and not a letter of it may differ',
    async (stage) => {
      const { world } = stage;
      const one = await certified(world, { first_name: 'One' }, 'A');
      const other = await certified(world, { first_name: 'Other' }, 'B');
      const path = await linkTo(stage, one.id);
      const [token = ''] = path.split('token=').slice(1);
      const [header, payload, signature = ''] = token.split('.');
      const issued = world.clock.now;
      for (const bad of [
        path.replace(one.id, other.id),
        path.replace(
          token,
          `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
        ),
        path.replace(token, `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`),
        path.replace(token, 'x'),
        path.replace(token, ''),
      ])
        assert.equal((await call(world, 'GET', bad, { token: null })).code, 'certificate.link', bad);
      assert.equal((await call(world, 'GET', path.split('?')[0] ?? '', { token: null })).status, 400);
      world.clock.now = new Date(issued.getTime() + 598_000);
      assert.equal((await download(world, path)).status, 200);
      world.clock.now = new Date(issued.getTime() + 600_000);
      assert.equal((await call(world, 'GET', path, { token: null })).status, 403);
      world.clock.now = issued;
    },
  ],
  [
    'an unknown certificate is 404 with the contract’s text',
    async (stage) => {
      const answer = await call(stage.world, 'GET', `/certificate/${UNKNOWN}`, {
        accept: `application/${stage.format}`,
      });
      assert.equal(`${answer.status} ${answer.code}`, '404 certificate.unknown');
      assert.match(answer.text, /Issued certificate not found/);
    },
  ],
];

const VERIFYING: readonly Scenario[] = [
  [
    'the address on the certificate leads to a page that confirms it, and nothing else does',
    async (stage) => {
      const { world } = stage;
      const { id } = await certified(
        world,
        { first_name: '<b>Eve</b>', last_name: '& "Co"' },
        'Knots & <script>',
      );
      const lines = await textOf((await download(world, await linkTo(stage, id))).bytes);
      const url =
        lines.find((line) => line.startsWith(`${ACCOUNT_URL}/certificate/verify/`)) ??
        assert.fail(lines.join('\n'));
      const path = url.slice(ACCOUNT_URL.length);
      const page = await call(world, 'GET', path, { token: null, accept: 'text/html' });
      assert.equal(page.status, 200);
      assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
      assert.match(
        page.headers.get('content-security-policy') ?? '',
        /^default-src 'none'; style-src 'self';/,
      );
      assert.equal(page.headers.get('x-robots-tag'), 'noindex, nofollow');
      assert.match(page.text, /<h1>This certificate is genuine<\/h1>/);
      assert.match(page.text, /<dd dir="auto">&lt;b&gt;Eve&lt;\/b&gt; &amp; &quot;Co&quot;<\/dd>/);
      assert.match(page.text, /<dd dir="auto">Knots &amp; &lt;script&gt;<\/dd>/);
      assert.match(
        page.text,
        new RegExp(`<dd dir="auto">${world.clock.now.toISOString().slice(0, 10)}</dd>`),
      );
      assert.match(page.text, /<dd dir="auto">Academy<\/dd>/);
      const code = path.split('/').at(-1) ?? '';
      assert.equal(Buffer.from(code, 'base64url').length, 40, 'twenty bytes of signature');
      for (const bad of [
        id,
        'x',
        `${code.slice(0, -2)}${code.endsWith('A') ? 'B' : 'A'}A`,
        code.slice(1),
        `B${code.slice(1)}`,
      ]) {
        const answer = await call(world, 'GET', `/certificate/verify/${bad}`, {
          token: null,
          accept: 'text/html',
        });
        assert.equal(answer.status, 200, bad);
        assert.match(answer.text, /<h1>This certificate is not known<\/h1>/);
        assert.ok(!answer.text.includes('Eve'));
      }
      const style = await call(world, 'GET', '/certificate/verify.css', { token: null, accept: 'text/css' });
      assert.equal(style.headers.get('content-type'), 'text/css; charset=utf-8');
      assert.equal(style.status, 200);
    },
  ],
  [
    'a learner of another department is 403 to a manager',
    async (stage) => {
      const { world } = stage;
      const { id } = await certified(world, {}, 'Out of reach');
      const token = await world.tokenOf(await addUser(world, { role: 'department_administrator' }));
      for (const certificate of [id, UNKNOWN])
        assert.equal(
          (await call(world, 'GET', `/certificate/${certificate}`, { token })).code,
          'auth.certificate_scope',
        );
    },
  ],
];

scenarios('certificates', [...ISSUING, ...FILES, ...VERIFYING]);
