import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { headersOf, messageBody, readFilters, SUBSCRIPTION_TYPES, statusOf, writeFilters } from './rules.ts';

const NOW = new Date('2026-03-02T09:30:00.900Z');
const MESSAGE = { id: 'msg', body: '{"type":"X","payloads":[]}' };
const ID = '0193e1c4-7b1a-7c3f-9d2e-4f5a6b7c8d9e';

test('X-Hub-Signature is SHA-256 over the body followed by the secret, in lower-case hexadecimal', () => {
  // printf '%s' '{"type":"X","payloads":[]}secret' | sha256sum
  assert.equal(
    headersOf(MESSAGE, 'secret', NOW)['x-hub-signature'],
    'ad4e8a5c7be8b7ca29bf6d3f71f6fc5b4b365cab8c7f64d270dba8641ed572e0',
  );
});

test('Standard Webhooks: id, time in seconds, HMAC over id.time.body by the secret as it is written', () => {
  const headers = headersOf(MESSAGE, 'sécret', NOW);
  assert.equal(headers['webhook-id'], 'msg');
  assert.equal(headers['webhook-timestamp'], '1772443800');
  const signature = createHmac('sha256', 'sécret').update(`msg.1772443800.${MESSAGE.body}`).digest('base64');
  assert.equal(headers['webhook-signature'], `v1,${signature}`);
});

test('a secret in the spelling of Standard Webhooks is the key it spells: their own example', () => {
  const headers = headersOf(
    { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}' },
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    new Date(1614265330_000),
  );
  assert.equal(headers['webhook-signature'], 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('without a secret nothing is signed', () => {
  assert.deepEqual(headersOf(MESSAGE, null, NOW), {
    'webhook-id': 'msg',
    'webhook-timestamp': '1772443800',
  });
});

test('filters: read and written again; an empty list filters nothing', () => {
  const params = [
    { name: 'userIds', value: JSON.stringify([ID]) },
    { name: 'courseIds', value: '[]' },
  ];
  const read = readFilters('COURSE_COMPLETED_SUCCESSFULLY', params);
  assert.deepEqual(read, { filters: { userIds: [ID] } });
  assert.deepEqual(writeFilters({ userIds: [ID] }), [params[0]]);
});

test('filters: every type knows just its own', () => {
  const known = (name: string) =>
    SUBSCRIPTION_TYPES.filter((type) => 'filters' in readFilters(type, [{ name, value: '[]' }]));
  assert.equal(known('userIds').length, 11);
  assert.deepEqual(known('courseIds'), [
    'LEARNERS_ENROLLED_IN_COURSE',
    'COURSE_COMPLETED_SUCCESSFULLY',
    'COURSE_STATUS_CHANGED',
    'ENROLLMENTS_CHANGED',
    'LEARNERS_UNENROLLED',
    'UNLOCK_REQUESTED',
  ]);
  assert.deepEqual(known('courseItemIds'), [
    'COURSE_ITEM_COMPLETED_SUCCESSFULLY',
    'COURSE_ITEM_STATUS_CHANGED',
  ]);
  assert.deepEqual(known('__proto__'), []);
});

test('filters: a value is a text that holds a JSON array of ids, nothing else', () => {
  for (const value of ['', 'x', '{}', '"x"', 'null', '[1]', '[null]', '["x"]', `["${ID}x"]`, `"${ID}"`]) {
    const read = readFilters('COURSE_STATUS_CHANGED', [{ name: 'userIds', value }]);
    assert.ok('objection' in read, value);
    assert.equal(read.objection.field, 'subscription.params[0].value');
  }
});

test('told of events is who is enabled and confirmed; suspended while a retry is pending', () => {
  const process = (isEnabled: boolean, isConfirmed: boolean, failures = 0) =>
    statusOf({ isEnabled, isConfirmed, failures }).notificationProcessStatus;
  assert.deepEqual(
    [process(true, true, 1), process(false, true, 1), process(true, false, 1)],
    ['SUSPENDED', 'INACTIVE', 'INACTIVE'],
  );
  assert.deepEqual(
    [process(true, true), process(true, false), process(false, true), process(false, false)],
    ['ACTIVE', 'INACTIVE', 'INACTIVE', 'INACTIVE'],
  );
});

test('a message is its type and its payloads', () => {
  assert.equal(messageBody('USER_REGISTERED', [{ a: 1 }]), '{"type":"USER_REGISTERED","payloads":[{"a":1}]}');
});
