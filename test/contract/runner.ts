import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ENGINES } from '../support/database.ts';
import {
  type Answer,
  type BodyFormat,
  call,
  FORMATS,
  startWorld,
  toXmlBody,
  type World,
  type WorldOptions,
} from '../support/server.ts';
import { assertText, assertValue, fill, fillAll, type Names } from './template.ts';

/**
 * The contract, row by row: what is sent, and the whole of what comes back, in JSON and XML, on both engines. Each
 * engine and format has a server of its own, on which `setup` binds names and the rows run in order. Texts are
 * templates (template.ts); XML is written out, so that our encoder does not prove itself.
 */

/** When every row runs: the server's clock stands still, so dates can be written out. */
export const NOW = new Date('2026-03-02T09:30:00Z');

export interface Expected {
  readonly status: number;
  /** Beside those that every answer has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Both or neither; without them the body must be empty. White space between XML elements is for the reader. */
  readonly json?: unknown;
  readonly xml?: string;
}

/** A refusal: our code in the header, the status and the message in the body. */
export interface Refused {
  readonly refused: string;
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Request {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** The name to which `setup` bound a token; the owner if left out, nobody for none. */
  readonly as?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON or, every list an `id` list, as XML. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** The body in XML where `body` cannot be spelled by that rule. */
  readonly xmlBody?: string;
  /** Sent as a form in both runs; the format is that of the answer. */
  readonly form?: Readonly<Record<string, string>>;
  /** Sent as a CSV file in both runs. */
  readonly csv?: string;
  readonly expect: Expected | Refused;
}

export interface Row extends Request {
  readonly name: string;
  /** What only this row needs: binds further names. */
  readonly given?: (stage: Stage) => Promise<Names>;
  /** What is so afterwards; `{created}` is the id that the row's answer was. */
  readonly afterwards?: readonly Request[];
}

export interface Stage {
  readonly world: World;
  readonly names: Names;
}

let gathered: Row[] | null = null;

/** The rows of these test files, which are read and not run. */
export async function gatherRows(files: readonly URL[]): Promise<readonly Row[]> {
  const rows: Row[] = [];
  gathered = rows;
  for (const file of files) await import(file.href);
  gathered = null;
  return rows;
}

export function contract(
  title: string,
  setup: (world: World) => Promise<Names>,
  rows: readonly Row[],
  options: WorldOptions = {},
): void {
  if (gathered) {
    gathered.push(...rows);
    return;
  }
  for (const engine of ENGINES)
    for (const format of FORMATS)
      describe(`contract: ${title} (${engine}, ${format})`, () => {
        let world: World;
        let names: Names;
        before(async () => {
          world = await startWorld(engine, { now: NOW, ...options });
          names = { ...accountNames(world), ...(await setup(world)) };
        });
        after(() => world.close());
        for (const row of rows)
          test(row.name, async () => {
            const known = { ...names, ...(await row.given?.({ world, names })) };
            const answer = await play(world, format, row, known);
            const created = /^(?:"|<\?xml .*\?>\s*<response>)([0-9a-f-]{36})\b/.exec(answer.text)?.[1];
            for (const request of row.afterwards ?? [])
              await play(world, format, request, created ? { ...known, created } : known);
          });
      });
}

const accountNames = (world: World): Names => ({
  owner: world.account.ownerId,
  root: world.account.rootDepartmentId,
  clientId: world.account.clientId,
  clientSecret: world.account.clientSecret,
});

async function play(world: World, format: BodyFormat, request: Request, names: Names): Promise<Answer> {
  const path = fill(request.path, names);
  const body = fillAll(request.body, names) as Record<string, unknown> | undefined;
  const answer = await call(world, request.method, path, {
    accept: `application/${format}`,
    ...tokenFor(request.as, names),
    ...(request.headers ? { headers: fillAll(request.headers, names) as Record<string, string> } : {}),
    ...(request.csv === undefined ? {} : { csv: fill(request.csv, names) }),
    ...(request.form ? { form: fillAll(request.form, names) as Record<string, string> } : {}),
    ...(format === 'json' && body ? { json: body } : {}),
    ...(format === 'xml' && (body || request.xmlBody)
      ? { xml: request.xmlBody ? fill(request.xmlBody, names) : toXmlBody(body ?? {}) }
      : {}),
  });
  assertAnswer(answer, format, request.expect, names, `${request.method} ${path}`);
  return answer;
}

function tokenFor(as: string | undefined, names: Names): { token?: string | null } {
  if (as === undefined) return {};
  return { token: as === 'nobody' ? null : fill(`{${as}}`, names) };
}

const CONTENT_TYPE = { json: 'application/json; charset=utf-8', xml: 'application/xml; charset=UTF-8' };
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
/** What every answer carries. */
const ALWAYS = {
  'x-request-id': '{*uuid}',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

function assertAnswer(
  answer: Answer,
  format: BodyFormat,
  expected: Expected | Refused,
  names: Names,
  what: string,
): void {
  assert.equal(answer.status, expected.status, `${what}: ${answer.text.slice(0, 500)}`);
  const { json, xml, headers } = 'refused' in expected ? refusalBody(expected) : expected;
  for (const [name, value] of Object.entries({ ...ALWAYS, ...headers }))
    assertText(answer.headers.get(name) ?? `no ${name}`, value, names, `${what}: header ${name}`);
  if (json === undefined && xml === undefined) {
    assert.equal(answer.text, '', `${what}: the body`);
    assert.equal(answer.headers.get('content-type'), null, `${what}: an empty body has no type`);
    return;
  }
  assert.equal(answer.headers.get('content-type'), CONTENT_TYPE[format], what);
  if (format === 'json') assertValue(answer.json, json, names, `${what}: ${answer.text.slice(0, 500)}`);
  else assertText(answer.text, DECLARATION + withoutIndents(xml ?? 'no XML was expected'), names, what);
}

const withoutIndents = (xml: string): string => xml.trim().replace(/\s*\n\s*/g, '');

function refusalBody({ refused, status, message, headers }: Refused): Omit<Expected, 'status'> {
  const inXml = message
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;');
  return {
    headers: { 'rollbook-error': refused, ...headers },
    json: { code: status, message },
    xml: `<response><code>${status}</code><message>${inXml}</message></response>`,
  };
}
