import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../kernel/errors.ts';
import { readManifest } from './manifest.ts';
import { type Listed, mediaTypeOf, objectionTo, upFrom, withScripts } from './package-rules.ts';

const listed = (more: Partial<Listed>): Listed => ({
  fileName: 'a/b.html',
  compressedSize: 100,
  uncompressedSize: 1_000,
  compressionMethod: 8,
  externalFileAttributes: 0o100644 << 16,
  isEncrypted: false,
  ...more,
});

test('files that lead out of a package, are links, encrypted or packed to fill memory are not taken', () => {
  assert.equal(objectionTo(listed({})), null);
  assert.equal(objectionTo(listed({ externalFileAttributes: 0 })), null);
  assert.equal(objectionTo(listed({ fileName: 'ж/..b/ü .html' })), null);
  const cases: [Partial<Listed>, RegExp][] = [
    [{ fileName: '../a' }, /leads out/],
    [{ fileName: 'a/../../b' }, /leads out/],
    [{ fileName: '/etc/passwd' }, /leads out/],
    [{ fileName: 'c:/a' }, /leads out/],
    [{ fileName: './a' }, /leads out/],
    [{ fileName: 'a\\..\\b' }, /no name/],
    [{ fileName: 'a\0b' }, /no name/],
    [{ fileName: '' }, /no name/],
    [{ fileName: 'x'.repeat(401) }, /no name/],
    [{ fileName: '.rollbook/start.js' }, /ours/],
    [{ externalFileAttributes: 0o120777 << 16 }, /link/],
    [{ externalFileAttributes: 0o020777 << 16 }, /link/],
    [{ isEncrypted: true }, /encrypted/],
    [{ compressionMethod: 12 }, /rare way/],
    [{ uncompressedSize: 30_000_000 }, /more than 200 times/],
  ];
  for (const [more, expected] of cases) assert.match(objectionTo(listed(more)) ?? '', expected);
});

test('our scripts come before those of a page, wherever its head is, and its bytes stay', () => {
  const page = (text: string): string =>
    withScripts(Buffer.from(text, 'latin1'), ['s.js']).toString('latin1');
  const script = '<script src="s.js"></script>';
  assert.equal(page('<html><head lang="\xe9"><script>'), `<html><head lang="\xe9">${script}<script>`);
  assert.equal(page('<!DOCTYPE html><HTML a=b><body>'), `<!DOCTYPE html><HTML a=b>${script}<body>`);
  assert.equal(page('<!DOCTYPE html><p>'), `<!DOCTYPE html>${script}<p>`);
  assert.equal(page('<p>'), `${script}<p>`);
  assert.equal(page('<header>'), `${script}<header>`);
  assert.equal(upFrom('a/b/c.html', '.rollbook/x'), '../../.rollbook/x');
  assert.equal(upFrom('c.html', '.rollbook/x'), '.rollbook/x');
  assert.equal(mediaTypeOf('a/b.CSS'), 'text/css');
  assert.equal(mediaTypeOf('a/constructor'), 'application/octet-stream');
  assert.equal(mediaTypeOf('x.constructor'), 'application/octet-stream');
});

const manifest = ({ version = '1.2', items = '', resources = '', organizations = 'default="o"' }): string =>
  `<manifest xmlns:adlcp="x"><metadata><schemaversion>${version}</schemaversion></metadata>
   <organizations ${organizations}><organization identifier="n"/><organization identifier="o">${items}</organization></organizations>
   <resources xml:base="pages/">${resources}</resources></manifest>`;
const item = (id: string, more = ''): string => `<item identifierref="${id}"${more}><title>T</title></item>`;
const resource = (id: string, href: string, type = 'sco'): string =>
  `<resource identifier="${id}" adlcp:scormtype="${type}" href="${href}"/>`;

test('a manifest says which SCORM it is, and what opens', () => {
  const one = { items: item('r'), resources: resource('r', 'a%20b.html?x=1') };
  assert.deepEqual(readManifest(manifest(one)), {
    version: '1.2',
    launch: 'pages/a%20b.html?x=1',
    masteryScore: null,
  });
  for (const version of ['2004 3rd Edition', '2004 4th Edition', 'CAM 1.3'])
    assert.equal(readManifest(manifest({ ...one, version })).version, '2004');
  const more = {
    items: `${item('asset')}<item>${item('r', ' parameters="?y=2"')}</item>${item('none')}`,
    resources: resource('asset', 'pdf.pdf', 'asset') + resource('r', 'r.html') + resource('x', 'other.html'),
  };
  assert.equal(readManifest(manifest(more)).launch, 'pages/r.html?y=2');
});

test('a manifest that cannot be followed is refused, and why', () => {
  const cases: [string, RegExp][] = [
    ['<manifest>', /well-formed/],
    ['no XML', /well-formed|nothing that can be opened/],
    ['<!DOCTYPE m [<!ENTITY a "b">]><m>&a;</m>', /document type/],
    ['<manifest/>', /nothing that can be opened/],
    [manifest({ items: item('r') }), /nothing that can be opened/],
    [manifest({ items: item('r'), resources: resource('r', 'https://evil.example/') }), /nothing|leads out/],
    [
      manifest({
        items: item('a') + item('b'),
        resources: resource('a', 'a.html') + resource('b', 'b.html'),
      }),
      /2 parts/,
    ],
    [`<manifest>${'<a>'.repeat(100)}`, /too large/],
  ];
  for (const [text, message] of cases)
    assert.throws(
      () => readManifest(text),
      (error) => error instanceof Refusal && error.code === 'file.package' && message.test(error.message),
      text.slice(0, 200),
    );
});
