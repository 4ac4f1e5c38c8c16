import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { newSecret } from '../kernel/ids.ts';
import {
  beginAttempt,
  type Claim,
  isSubject,
  type Key,
  nameIn,
  openAttempt,
  sealAttempt,
  verifierOf,
} from './rules.ts';

const NOW = new Date('2026-03-02T09:00:00Z');
const KEY: Key = { secret: randomBytes(32), issuer: 'https://login.example', clientId: 'rollbook' };

test('an address counts if the provider says that it is theirs, a name as it is', () => {
  const rows: readonly [claim: Claim, claims: Record<string, unknown>, name: string | null][] = [
    ['email', { email: 'ann@x.example', email_verified: true }, 'ann@x.example'],
    ['email', { email: 'ann@x.example', email_verified: 'true' }, 'ann@x.example'],
    ['email', { email: 'ann@x.example', email_verified: false }, null],
    ['email', { email: 'ann@x.example', email_verified: 'false' }, null],
    ['email', { email: 'ann@x.example', email_verified: 1 }, null],
    ['email', { email: 'ann@x.example' }, null],
    ['email', { email_verified: true, preferred_username: 'ann' }, null],
    ['email', { email: ['ann@x.example'], email_verified: true }, null],
    ['email', { email: ' ', email_verified: true }, null],
    ['email', { email: 'ann\u0000@x.example', email_verified: true }, null],
    ['email', { email: `${'a'.repeat(250)}@x.example`, email_verified: true }, null],
    [
      'preferred_username',
      { preferred_username: 'ann', email: 'ben@x.example', email_verified: true },
      'ann',
    ],
    ['preferred_username', { email: 'ben@x.example', email_verified: true }, null],
    ['sub', { sub: '00u1', preferred_username: 'ann' }, '00u1'],
  ];
  for (const [claim, claims, name] of rows) assert.equal(nameIn(claim, claims), name, JSON.stringify(claims));
  assert.ok(isSubject('auth0|5f7c8ec7c33c6c004bbafe82'));
  for (const subject of ['', 'a'.repeat(256), 'a\u0000', 'ä']) assert.ok(!isSubject(subject), subject);
});

test('an attempt comes back as it was begun: to the same account, provider and client, and not too late', () => {
  const attempt = beginAttempt(newSecret(), '/my/catalogue?q=Knots', NOW);
  const sealed = sealAttempt(KEY, attempt);
  assert.deepEqual(openAttempt(KEY, sealed, NOW), attempt);
  const just = new Date(attempt.expiresAt.getTime() - 1);
  assert.deepEqual(openAttempt(KEY, sealed, just), attempt);
  assert.equal(openAttempt(KEY, sealed, attempt.expiresAt), null);
  for (const other of [
    { secret: randomBytes(32) },
    { issuer: 'https://other.example' },
    { clientId: 'other' },
  ])
    assert.equal(openAttempt({ ...KEY, ...other }, sealed, NOW), null);
  for (const broken of [undefined, '', 'x', sealed.slice(1), `${sealed}x`, `.${sealed}`])
    assert.equal(openAttempt(KEY, broken, NOW), null, broken);
  // Every character counts.
  for (let place = 0; place < sealed.length; place++) {
    const changed = sealed[place] === 'A' ? 'B' : 'A';
    const forged = sealed.slice(0, place) + changed + sealed.slice(place + 1);
    assert.equal(openAttempt(KEY, forged, NOW), null, `${place}`);
  }
  assert.ok(!sealed.includes(verifierOf(KEY, attempt)));
  const long = beginAttempt(newSecret(), `/my/${'x'.repeat(996)}`, NOW);
  assert.deepEqual(openAttempt(KEY, sealAttempt(KEY, long), NOW), long);
  assert.ok(sealAttempt(KEY, long).length < 2_000);
  assert.equal(beginAttempt(newSecret(), `${long.next}x`, NOW).next, '/my');
});
