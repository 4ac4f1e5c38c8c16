import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { newId } from '../kernel/ids.ts';
import { isCodeSigned, isSigned, readCode, readLink, signCode, signLink } from './signing.ts';

const KEY = randomBytes(32);
const claim = { accountId: 7, certificateId: newId() };
const link = { ...claim, expiresAt: new Date('2027-01-01T00:10:00Z') };

/** The text with one character exchanged. */
const tampered = (text: string) =>
  fc
    .tuple(fc.nat(text.length - 1), fc.constantFrom(...'ABCDEFGHabcdefgh0123456789-_.'))
    .map(([at, letter]) => text.slice(0, at) + letter + text.slice(at + 1))
    .filter((changed) => changed !== text);

describe('links', () => {
  const token = signLink(KEY, link);

  test('say whose certificate they are about and until when', () => {
    assert.deepEqual(readLink(token), link);
    assert.ok(isSigned(KEY, token));
    assert.ok(!isSigned(randomBytes(32), token));
  });

  test('a token with any other letter is not signed, or is the same signature', () => {
    fc.assert(
      fc.property(tampered(token), (changed) => {
        const same = Buffer.from(changed.split('.')[2] ?? '', 'base64url');
        const isSame =
          changed.split('.').slice(0, 2).join() === token.split('.').slice(0, 2).join() &&
          same.equals(Buffer.from(token.split('.')[2] ?? '', 'base64url'));
        assert.equal(isSigned(KEY, changed), isSame);
      }),
    );
  });

  test('what is no token is read as none', () => {
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    for (const text of [
      '',
      'a.b.c',
      `${none}.${token.split('.')[1]}.`,
      `${token}.x`,
      token.split('.')[0] ?? '',
    ])
      assert.equal(readLink(text), null, text);
  });
});

describe('codes', () => {
  const code = signCode(KEY, claim);

  test('are the same every time, and say whose certificate they are about', () => {
    assert.equal(signCode(KEY, claim), code);
    assert.deepEqual(readCode(code), claim);
    assert.ok(isCodeSigned(KEY, code, claim));
    assert.ok(!isCodeSigned(randomBytes(32), code, claim));
  });

  test('a code with any other letter is none', () => {
    fc.assert(
      fc.property(tampered(code), (changed) => {
        const read = readCode(changed);
        assert.ok(read === null || !isCodeSigned(KEY, changed, read));
      }),
    );
  });
});
