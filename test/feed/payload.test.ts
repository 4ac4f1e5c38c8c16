import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { EVENT_TYPES } from '../../src/events/index.ts';
import { DOCUMENT, type Json } from '../support/openapi.ts';

/** The feed leaves out members that its schema does not have: it must have those of every type. */

const text = readFileSync(new URL('../../../docs/events.md', import.meta.url), 'utf8');
const rows = [...text.matchAll(/^\| `([A-Z_]+)` \|[^|]*\| (.*) \|$/gm)].map(([, type = '', told = '']) => ({
  type,
  members: [...told.matchAll(/`(\w+)`/g)].map(([, member = '']) => member),
}));

test('every type of event is documented, and the feed can tell all of it', () => {
  assert.deepEqual(rows.map(({ type }) => type).sort(), [...EVENT_TYPES].sort());
  const schemas = DOCUMENT['components']?.['schemas'] as unknown as Record<string, Json>;
  const known = Object.keys(schemas['EventPayload']?.['properties'] ?? {});
  for (const { type, members } of rows) {
    assert.ok(members.length > 0, type);
    assert.deepEqual(
      members.filter((member) => !known.includes(member)),
      [],
      type,
    );
  }
  assert.deepEqual(
    known.filter((member) => !rows.some(({ members }) => members.includes(member))),
    [],
    'nothing is left of a type that is gone',
  );
});
