import assert from 'node:assert/strict';

/**
 * Expectations as text. `{name}` is the value that a test bound to the name; `{*uuid}` and its like match whatever has
 * that form. Everything else stands for itself, so that what a body must be can be read where it is expected.
 */

export type Names = Readonly<Record<string, string>>;

const FORMS: Readonly<Record<string, string>> = {
  uuid: '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
  date: '\\d{4}-\\d\\d-\\d\\d',
  instant: '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\+00:00',
  integer: '-?\\d+',
  decimal: '-?\\d+(?:\\.\\d+)?',
  /** An access token, a secret. */
  secret: '[\\w-]{43}',
  /** A signed token. */
  jwt: '[\\w-]+\\.[\\w-]+\\.[\\w-]+',
  /** The token of a page. */
  token: '[\\w-]+',
  text: '[^<]+',
};

const PLACE = /\{(\*?)(\w+)\}/g;

/** The text with its names filled in; forms stay. An unknown name is a fault of the test. */
export function fill(template: string, names: Names): string {
  return template.replace(PLACE, (place, star: string, name: string) => {
    if (star) return place;
    const value = names[name];
    assert.ok(value !== undefined, `${place} in an expectation: nothing was bound to this name`);
    return value;
  });
}

/** The same for every text inside a value. */
export function fillAll(template: unknown, names: Names): unknown {
  if (typeof template === 'string') return fill(template, names);
  if (Array.isArray(template)) return template.map((entry) => fillAll(entry, names));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(
    Object.entries(template).map(([name, value]) => [fill(name, names), fillAll(value, names)]),
  );
}

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function patternOf(filled: string): RegExp {
  let pattern = '';
  let from = 0;
  for (const place of filled.matchAll(PLACE)) {
    const form = FORMS[place[2] ?? ''];
    assert.ok(form, `${place[0]} in an expectation: there is no such form`);
    pattern += `${escapeRegExp(filled.slice(from, place.index))}(?:${form})`;
    from = place.index + place[0].length;
  }
  return new RegExp(`^${pattern}${escapeRegExp(filled.slice(from))}$`);
}

/** Fails, showing both texts, unless the actual one has the form of the template. */
export function assertText(actual: string, template: string, names: Names, what: string): void {
  const filled = fill(template, names);
  if (!patternOf(filled).test(actual)) assert.equal(actual, filled, what);
}

/** Fails, showing where, unless the value is the template's: the same members, no more, no fewer. */
export function assertValue(actual: unknown, template: unknown, names: Names, what: string): void {
  const filled = fillAll(template, names);
  assert.deepEqual(likened(actual, filled), filled, what);
}

/** The actual value, with the template's text wherever it has the form that the text asks for. */
function likened(actual: unknown, template: unknown): unknown {
  if (typeof template === 'string' && template.includes('{*')) {
    const isNumber = /^\{\*(integer|decimal)\}$/.test(template);
    const hasType = typeof actual === (isNumber ? 'number' : 'string');
    return hasType && patternOf(template).test(String(actual)) ? template : actual;
  }
  if (Array.isArray(template) && Array.isArray(actual))
    return actual.map((entry, place) => likened(entry, template[place]));
  if (typeof template !== 'object' || template === null || typeof actual !== 'object' || actual === null)
    return actual;
  return Object.fromEntries(
    Object.entries(actual).map(([name, value]) => [
      name,
      likened(value, (template as Record<string, unknown>)[name]),
    ]),
  );
}
