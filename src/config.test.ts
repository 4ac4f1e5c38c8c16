import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, readConfig } from './config.ts';

test('the origin of what users upload is an origin, and not that of the pages', () => {
  const origin = (url: string, publicUrl = ''): string | null =>
    readConfig({}, { ROLLBOOK_CONTENT_URL: url, ROLLBOOK_PUBLIC_URL: publicUrl }).contentUrl;
  assert.equal(origin(''), null);
  assert.equal(origin('https://Files.example.org/'), 'https://files.example.org');
  assert.equal(origin('http://files.example:8443', 'http://learn.example'), 'http://files.example:8443');
  for (const url of [
    'files.example.org',
    'ftp://files.example',
    'https://a.example/b',
    'https://u:p@a.example',
    'x',
  ])
    assert.throws(() => origin(url), ConfigError, url);
  assert.throws(() => origin('https://learn.example', 'https://learn.example/my'), /another host/);
});
