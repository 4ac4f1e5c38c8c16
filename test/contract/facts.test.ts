import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DOCUMENT } from '../support/openapi.ts';
import { compare } from './comparison.ts';
import { BEYOND, READINGS } from './readings.ts';

/** Every operation of the contract is served as the contract says, or named as out of scope. */
describe('the contract’s facts', () => {
  const compared = compare(DOCUMENT);
  const name = ({ fact }: (typeof compared)[number]): string => `${fact.method} ${fact.path}`;

  test('every operation is served, or out of scope with a reason', () => {
    const missing = compared.filter(({ fact, operationId }) => !operationId && !fact.outOfScope);
    assert.deepEqual(missing.map(name), []);
    const both = compared.filter(({ fact, operationId }) => operationId && fact.outOfScope);
    assert.deepEqual(both.map(name), [], 'what is served is not out of scope');
  });

  test('every served operation has the statuses, parameters and members of the contract', () => {
    const lacking = compared.filter(({ lacks }) => lacks.length > 0);
    assert.deepEqual(
      lacking.map((entry) => `${name(entry)}: ${entry.lacks.join(', ')}`),
      [],
    );
  });

  test('every status that the contract does not list for an operation has a reading', () => {
    const without = compared.filter(({ beyond }) => beyond.some((status) => !(status in BEYOND)));
    assert.deepEqual(
      without.map((entry) => `${name(entry)}: ${entry.beyond.join(', ')}`),
      [],
    );
  });

  test('every reading that an operation names exists', () => {
    const named = [...compared.flatMap(({ fact }) => fact.readings), ...Object.values(BEYOND)];
    assert.deepEqual(
      named.filter((key) => !(key in READINGS)),
      [],
    );
  });
});
