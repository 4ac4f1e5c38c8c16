import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PackedIds, sortedDistinct, toIdSet } from './id-set.ts';

test('packed ids are the same ids, slice by slice', () => {
  fc.assert(
    fc.property(fc.array(fc.uuid(), { maxLength: 50 }), fc.nat(60), fc.nat(60), (some, from, more) => {
      const ids = sortedDistinct(some);
      const packed = PackedIds.of(ids);
      assert.equal(packed.length, ids.length);
      assert.deepEqual(packed.slice(from, from + more), ids.slice(from, from + more));
      assert.deepEqual(toIdSet([...some].reverse()).slice(0, ids.length), ids);
      assert.equal(toIdSet(packed), packed);
    }),
  );
});
