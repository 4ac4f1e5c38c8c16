import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeFromHeaders, headerOf } from './header-members.ts';
import { boolean, fieldMap, ids, integer, list, object, optional, text, uuid } from './wire.ts';

const body = object({
  name: optional(text()),
  status: optional(integer()),
  sendLoginEmail: optional(boolean()),
  fields: optional(fieldMap()),
  groupIds: optional(ids()),
  roles: optional(list(object({ roleId: uuid() }), { item: 'role' })),
});
const NAMES = ['name', 'status', 'sendLoginEmail', 'fields', 'groupIds', 'roles'];
const read = (headers: Record<string, string>, plain: unknown = {}, names = NAMES): unknown =>
  completeFromHeaders(body.shape, plain, names, headers);

test('members are called after the headers that the contract lists', () => {
  const headers = [
    'departmentId',
    'sendLoginSMS',
    'invitationSMSMessage',
    'manageableDepartmentIds',
    'email',
  ];
  assert.deepEqual(headers.map(headerOf), [
    'X-Department-Id',
    'X-Send-Login-SMS',
    'X-Invitation-SMS-Message',
    'X-Manageable-Department-Ids',
    'X-Email',
  ]);
});

test('scalars, lists and maps are read by their shape, as JSON, as XML or separated by commas', () => {
  assert.deepEqual(read({ 'x-status': ' 3', 'x-send-login-email': '1' }), {
    status: 3,
    sendLoginEmail: true,
  });
  for (const written of ['a, b,', '["a","b"]', '<x><id>a</id><id>b</id></x>'])
    assert.deepEqual(read({ 'x-group-ids': written }), { groupIds: ['a', 'b'] }, written);
  for (const [header, written] of [
    ['x-fields', '{"login":"ann"}'],
    ['x-fields', '[{"name":"login","value":"ann"}]'],
    ['x-fields-xml', '<fields><login>ann</login></fields>'],
  ] as const)
    assert.deepEqual(read({ [header]: written }), {
      fields: Object.assign(Object.create(null), { login: 'ann' }),
    });
  assert.deepEqual(read({ 'x-roles': '[{"roleId":"r"}]' }), { roles: [{ roleId: 'r' }] });
});

test('the body wins, and headers that a route does not name are nothing', () => {
  assert.deepEqual(read({ 'x-name': 'header' }, { name: 'body' }), { name: 'body' });
  assert.deepEqual(read({ 'x-name': 'header' }, {}, ['status']), {});
  assert.deepEqual(read({ 'x-name': 'header' }, 'no object'), 'no object');
});

test('bytes are UTF-8 where they can be, and Latin-1 otherwise', () => {
  assert.deepEqual(read({ 'x-name': Buffer.from('Zoë').toString('latin1') }), { name: 'Zoë' });
  assert.deepEqual(read({ 'x-name': 'Zo\u00eb' }), { name: 'Zoë' });
});

test('what cannot be read is refused like a body', () => {
  assert.throws(() => read({ 'x-fields': '{' }), { code: 'request.malformed_json' });
  assert.throws(() => read({ 'x-fields-xml': '<a>' }), { code: 'request.malformed_xml' });
});
