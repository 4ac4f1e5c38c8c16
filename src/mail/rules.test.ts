import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Content } from './kinds.ts';
import { backoffMs, DEFAULT_SETTINGS, judge, onlyThose, planWave, wantedOf } from './rules.ts';

const NOW = new Date('2026-03-02T09:30:00Z');
const HOUR = 3_600_000;
const LIMITS = { maxAgeHours: 72, timeZone: 'UTC' };
const ITEM = '0198c0de-0000-7000-8000-000000000001';
const ASSIGNED: Content = { kind: 'assigned', itemId: ITEM, dueAt: null };
const OVERDUE: Content = { kind: 'overdue', itemId: ITEM, dueAt: NOW };
const RESET: Content = { kind: 'password_reset' };
const INVITATION: Content = { kind: 'invitation', message: null };
const ann = { isActive: true, address: 'ann@academy.example', hasOptedOut: false };
const candidate = { content: ASSIGNED as Content, notBefore: NOW, recipient: ann, others: 0 };

describe('whether a message is sent', () => {
  test('the first reason not to', () => {
    const table: [string, object, string][] = [
      ['all is well', {}, 'sent'],
      ['as old as it may be', { notBefore: new Date(NOW.getTime() - 72 * HOUR) }, 'sent'],
      ['older', { notBefore: new Date(NOW.getTime() - 72 * HOUR - 1) }, 'dropped too_old'],
      ['nobody', { recipient: null }, 'dropped inactive'],
      ['inactive', { recipient: { ...ann, isActive: false } }, 'dropped inactive'],
      ['no address', { recipient: { ...ann, address: null } }, 'dropped no_address'],
      ['two addresses', { recipient: { ...ann, address: 'a@b.example, c@d.example' } }, 'failed bad_address'],
      ['a header', { recipient: { ...ann, address: 'a@b.example\nBcc: c@d.example' } }, 'failed bad_address'],
      ['opted out, an assignment', { recipient: { ...ann, hasOptedOut: true } }, 'sent'],
      [
        'opted out, a reminder',
        { content: OVERDUE, recipient: { ...ann, hasOptedOut: true } },
        'dropped unsubscribed',
      ],
      ['one more than enough', { others: 10 }, 'waiting 2026-03-03T08:00:00.000Z'],
      [
        'a link to set a password, whatever else there was',
        { content: RESET, others: 10, recipient: { ...ann, hasOptedOut: true } },
        'sent',
      ],
      ['asked for an hour ago', { content: RESET, notBefore: new Date(NOW.getTime() - HOUR) }, 'sent'],
      ['earlier', { content: RESET, notBefore: new Date(NOW.getTime() - HOUR - 1) }, 'dropped too_old'],
      ['invited earlier', { content: INVITATION, notBefore: new Date(NOW.getTime() - 2 * HOUR) }, 'sent'],
    ];
    for (const [name, change, expected] of table) {
      const verdict = judge({ ...candidate, ...change }, DEFAULT_SETTINGS, LIMITS, NOW);
      const told =
        verdict.become === 'waiting'
          ? `waiting ${verdict.until.toISOString()}`
          : 'reason' in verdict
            ? `${verdict.become} ${verdict.reason}`
            : verdict.become;
      assert.equal(told, expected, name);
    }
  });

  test('an account may allow less age than the operator, and not more', () => {
    const old = { ...candidate, notBefore: new Date(NOW.getTime() - 25 * HOUR) };
    assert.equal(judge(old, { ...DEFAULT_SETTINGS, maxAgeHours: 24 }, LIMITS, NOW).become, 'dropped');
    assert.equal(
      judge(old, { ...DEFAULT_SETTINGS, maxAgeHours: 48 }, { ...LIMITS, maxAgeHours: 24 }, NOW).become,
      'dropped',
    );
  });

  test('in a wave each that is sent counts for the next; what was put off goes as one', () => {
    const message = (messageId: string, more: object = {}) => ({
      ...candidate,
      messageId,
      userId: 'ann',
      attempts: 0,
      wasPutOff: false,
      countedOn: null as string | null,
      ...more,
    });
    const ids = (all: readonly { messageId: string }[]) => all.map(({ messageId }) => messageId);
    const settings = { ...DEFAULT_SETTINGS, maxPerDay: 2 };
    const first = planWave(
      ['a', 'b', 'c'].map((id) => message(id)),
      new Map([['ann', 1]]),
      settings,
      LIMITS,
      NOW,
    );
    assert.deepEqual(ids(first.send), ['a']);
    assert.deepEqual(
      first.settle.map((one) => [one.message.messageId, one.verdict.become]),
      [
        ['b', 'waiting'],
        ['c', 'waiting'],
      ],
    );
    const again = planWave(
      [message('a', { countedOn: '2026-03-02' }), message('b')],
      new Map([['ann', 2]]),
      settings,
      LIMITS,
      NOW,
    );
    assert.deepEqual(ids(again.send), ['a'], 'what is tried again counts once');
    const late = planWave(
      ['a', 'b', 'c'].map((id) => message(id, { wasPutOff: true })),
      new Map(),
      settings,
      LIMITS,
      NOW,
    );
    assert.deepEqual([ids(late.send), late.settle], [['a'], []]);
  });

  test('of a digest what is wanted and holds is left', () => {
    const digest: Content = { kind: 'digest', entries: [ASSIGNED, OVERDUE] };
    assert.deepEqual(wantedOf(digest, { hasOptedOut: true }), { kind: 'digest', entries: [ASSIGNED] });
    assert.equal(wantedOf({ kind: 'digest', entries: [OVERDUE] }, { hasOptedOut: true }), null);
    assert.equal(
      onlyThose(digest, () => false),
      null,
    );
  });

  test('failures in a row: a minute, doubled, at most an hour', () => {
    assert.deepEqual(
      [1, 2, 3, 6, 7, 1000].map((failures) => backoffMs(failures) / 60_000),
      [1, 2, 4, 32, 60, 60],
    );
  });
});
