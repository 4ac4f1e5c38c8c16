import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { ROUTES } from '../support/routes.ts';
import { FACTS } from './facts.ts';
import { gatherRows, type Row } from './runner.ts';

/** These register tests of another kind, and hold no rows. */
const WITHOUT_ROWS = /^(rows|facts|validation|certificates|results)\.test\.js$/;

/** Every endpoint has a row that says what comes back when all is well, whole. */
describe('the rows of the contract', async () => {
  const folder = new URL('./', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.test.js') && !WITHOUT_ROWS.test(name));
  const rows = await gatherRows(files.map((name) => new URL(name, folder)));
  const requests = rows.flatMap((row): Omit<Row, 'name'>[] => [row, ...(row.afterwards ?? [])]);

  const isAsked = (method: string, path: string, status: number): boolean => {
    const pattern = new RegExp(`^(/api/v[23])?${path.replace(/\{\w+\}/g, '[^/?]+')}(\\?.*)?$`);
    return requests.some(
      (request) =>
        request.method === method &&
        request.expect.status === status &&
        pattern.test(request.path) &&
        // Another endpoint whose path has no parameter in this place.
        !ROUTES.some(
          (other) => other.path !== path && other.path === request.path && other.method === method,
        ),
    );
  };

  test('every operation of the vendor’s interface that is served has one', () => {
    const facts = Object.values(FACTS)
      .flat()
      .filter(({ outOfScope }) => !outOfScope);
    const without = facts.filter(({ method, path, status }) => !isAsked(method, path, status));
    assert.deepEqual(
      without.map(({ method, path }) => `${method} ${path}`),
      [],
    );
  });

  test('every endpoint of our own has one', () => {
    // What has a media type of its own: test/contract/certificates.test.ts
    const negotiated = ROUTES.filter(({ answer }) => !answer.contentType);
    const without = negotiated.filter(({ method, path, answer }) => !isAsked(method, path, answer.status));
    assert.deepEqual(
      without.map(({ method, path }) => `${method} ${path}`),
      [],
    );
  });
});
