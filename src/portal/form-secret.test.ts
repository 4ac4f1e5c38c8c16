import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSecret, isShown, masked, newSecret, secretOf } from './form-secret.ts';

test('a secret is written otherwise each time, and known each time', () => {
  const secret = secretOf({ token: 'a token' });
  assert.ok(isSecret(secret) && isSecret(newSecret()));
  const shown = Array.from({ length: 100 }, () => masked(secret));
  assert.equal(new Set(shown).size, 100);
  assert.ok(shown.every((text) => isShown(text, secret) && !text.includes(secret)));
  assert.ok(!isShown(masked(secretOf({ token: 'another' })), secret));
  assert.ok(!isShown(secret, secret), 'bare, it was read from no page');
});

test('nothing else is taken for a secret that was shown', () => {
  const secret = newSecret();
  fc.assert(fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => !isShown(text, secret)));
  const shown = masked(secret);
  for (let place = 0; place < shown.length; place++) {
    const other = shown[place] === 'A' ? 'B' : 'A';
    const changed = shown.slice(0, place) + other + shown.slice(place + 1);
    // The last letter holds bits that belong to no byte.
    if (place < shown.length - 1) assert.ok(!isShown(changed, secret), `letter ${place}`);
  }
  for (const [given, wanted] of [
    [null, secret],
    ['', secret],
    [shown, undefined],
    ['', ''],
    [shown, ''],
  ] as const)
    assert.ok(!isShown(given, wanted));
});
