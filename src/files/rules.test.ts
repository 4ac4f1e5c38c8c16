import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cleanName, dispositionOf, nameOf, rangeOf, showingOf, typeOf, typesFor } from './rules.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const PNG = bytes('\x89PNG\r\n\x1a\n');
const MP4 = bytes('\0\0\0\x20ftypisom\0\0\x02\0');
const ZIP = bytes('PK\x03\x04\x14\0');

test('what a file is follows from its first bytes and the item’s type', () => {
  const judged = (contentType: string, head: Buffer): string | undefined =>
    typeOf(typesFor(contentType) ?? [], head)?.mediaType;
  const cases: [string, Buffer, string | undefined][] = [
    ['Image', PNG, 'image/png'],
    ['Image', bytes('\xff\xd8\xff\xe0'), 'image/jpeg'],
    ['Image', bytes('<svg onload=alert(1)>'), undefined],
    ['Image', bytes('RIFF\0\0\0\0WEBPVP8 '), 'image/webp'],
    ['Image', bytes('RIFF\0\0\0\0WAVE'), undefined],
    ['Audio', bytes('RIFF\0\0\0\0WAVE'), 'audio/wav'],
    ['Audio', bytes('ID3\x04'), 'audio/mpeg'],
    ['Audio', bytes('\xff\xfb\x90'), 'audio/mpeg'],
    ['Audio', bytes('\xff\xf1\x50'), 'audio/aac'],
    ['Audio', MP4, 'audio/mp4'],
    ['Video', MP4, 'video/mp4'],
    ['Video', bytes('\x1a\x45\xdf\xa3'), 'video/webm'],
    ['Video', bytes('\0\0\0\x1cftypavif'), undefined],
    ['Video', PNG, undefined],
    ['PDFDocument', bytes('%PDF-1.7'), 'application/pdf'],
    ['PDFDocument', bytes('<html>%PDF-1.7'), undefined],
    ['Page', bytes('\n<!DOCTYPE html>'), 'text/html'],
    ['Page', Buffer.from('\ufeff<?xml version="1.0"?>\n<!-- a -->\n<!-- b --><p>Grüße'), 'text/html'],
    ['Page', bytes('plain text'), undefined],
    ['Page', bytes('<p>\0'), undefined],
    ['Page', bytes('<3 you'), undefined],
    ['WordDocument', ZIP, 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
    ['Book', ZIP, undefined],
    ['SCORM', ZIP, 'application/zip'],
  ];
  for (const [contentType, head, expected] of cases)
    assert.equal(judged(contentType, head), expected, `${contentType} ${head.toString('latin1')}`);
  for (const contentType of ['Course', 'LearningTrack', 'Link', 'Quiz', 'constructor'])
    assert.equal(typesFor(contentType), null);
  assert.equal(showingOf('text/javascript'), 'download');
});

test('a page that begins with very many comments is judged at once', () => {
  const started = performance.now();
  assert.equal(typeOf(typesFor('Page') ?? [], bytes('<!---->'.repeat(585))), null);
  assert.ok(performance.now() - started < 100);
});

test('names lose paths and what is no letter, and keep their ending', () => {
  const cases: [string | null, string | null][] = [
    ['C:\\Users\\ann\\plan.pdf', 'plan.pdf'],
    ['../../etc/passwd', 'passwd'],
    ['..', null],
    [' \u0000\u202e ', null],
    ['', null],
    [null, null],
    ['план\r\n.pdf', 'план.pdf'],
  ];
  for (const [given, expected] of cases) assert.equal(cleanName(given), expected);
  assert.match(cleanName(`${'ж'.repeat(500)}.mp4`) ?? '', /^ж{196}\.mp4$/);
  assert.equal(nameOf({ name: null, mediaType: 'image/png' }, 'Fire / water'), 'Fire - water.png');
  assert.equal(nameOf({ name: null, mediaType: 'video/mp4' }, '..'), 'file.mp4');
});

test('whatever a file is called, its header is one line that says so', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (given) => {
      const name = cleanName(given) ?? 'file';
      const header = dispositionOf('attachment', name);
      assert.match(
        header,
        /^attachment; filename="[\x20-\x21\x23-\x7e]+"; filename\*=UTF-8''[\w.!~%&$+^`|#-]+$/,
      );
      assert.doesNotThrow(() => new Headers({ 'content-disposition': header }));
      assert.equal(decodeURIComponent(header.split("UTF-8''")[1] ?? ''), name);
      assert.ok(!/[/\\\r\n\0]/.test(name));
    }),
  );
});

test('ranges: the first, the last, the rest; what asks for more is cut, what asks for nothing there is none', () => {
  const cases: [string | undefined, ReturnType<typeof rangeOf>][] = [
    [undefined, null],
    ['bytes=0-0', { from: 0, to: 1 }],
    ['bytes=2-', { from: 2, to: 10 }],
    ['bytes=-3', { from: 7, to: 10 }],
    ['bytes=-99', { from: 0, to: 10 }],
    ['bytes=5-99', { from: 5, to: 10 }],
    ['bytes=10-', 'none'],
    ['bytes=-0', 'none'],
    ['bytes=5-4', null],
    ['bytes=0-1,3-4', null],
    ['items=0-1', null],
    ['bytes=-', null],
    ['bytes=99999999999999999999-', null],
  ];
  for (const [header, expected] of cases) assert.deepEqual(rangeOf(header, 10), expected, header);
  assert.equal(rangeOf('bytes=0-', 0), 'none');
});

test('a range lies within the file, and is never empty', () => {
  const part = fc.option(fc.nat(50), { nil: '' });
  fc.assert(
    fc.property(part, part, fc.nat(40), (first, last, size) => {
      const range = rangeOf(`bytes=${first}-${last}`, size);
      if (range !== null && range !== 'none')
        assert.ok(0 <= range.from && range.from < range.to && range.to <= size);
    }),
  );
});
