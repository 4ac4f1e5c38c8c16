import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectionToIssuer } from './issuer.ts';

test('a provider is an https address of the public internet; on this machine http where that is open', () => {
  const HTTPS = 'must be an https address';
  const PUBLIC = 'must be an address of the public internet';
  const rows: readonly [issuer: string, closed: string | null, open: string | null][] = [
    ['https://login.example', null, null],
    ['https://login.example/tenant/one', null, null],
    ['http://login.example', HTTPS, HTTPS],
    ['http://10.0.0.1', HTTPS, HTTPS],
    ['http://127.0.0.1:8081', HTTPS, null],
    ['http://localhost:8081', HTTPS, null],
    ['http://[::1]:8081', HTTPS, null],
    ['http://localhost.evil.example', HTTPS, HTTPS],
    ['https://127.0.0.1', PUBLIC, null],
    ['https://169.254.169.254', PUBLIC, null],
    ['https://localhost', PUBLIC, null],
    ['login.example', HTTPS, HTTPS],
    ['ftp://login.example', HTTPS, HTTPS],
    ['https://login.example/?tenant=1', ...twice('must have no query and no fragment')],
    ['https://login.example/#x', ...twice('must have no query and no fragment')],
    ['https://me:secret@login.example', ...twice('must not carry a login or password')],
    [
      'https://login.example/.well-known/openid-configuration',
      ...twice('must be the issuer, without /.well-known and what follows'),
    ],
  ];
  for (const [issuer, closed, open] of rows) {
    assert.equal(objectionToIssuer(issuer, false), closed, issuer);
    assert.equal(objectionToIssuer(issuer, true), open, issuer);
  }
});

const twice = (text: string): [string, string] => [text, text];
