import assert from 'node:assert/strict';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { toOpenApi } from '../../src/http/openapi.ts';
import { ROUTES } from './routes.ts';
import { readTree, valueIn } from './xml.ts';

/**
 * Every answer of every test is held against our OpenAPI document: the status is one that the operation lists, the
 * headers are documented, the body fits the schema, and XML, decoded by the document's `xml` keywords, fits the same.
 */

export type Json = { [name: string]: Json } & { [name: string]: unknown };

interface Response {
  readonly headers?: Record<string, { required?: boolean; schema?: Json; $ref?: string }>;
  readonly content?: Record<string, { schema: Json }>;
  /** The body is only for who prefers it. */
  readonly 'x-prefer'?: string;
}

interface Operation {
  readonly name: string;
  readonly path: string;
  readonly pattern: RegExp;
  readonly responses: Record<string, Response>;
}

/** Our document, made once per process. */
export const DOCUMENT = toOpenApi(ROUTES, { title: 'Rollbook', version: '0' }) as Json;

const ajv = new Ajv2020({ allErrors: true, strictTypes: false });
addFormats.default(ajv);
ajv.addVocabulary(['xml']);

/** The schema with objects that have no members but those it lists: an undocumented member is a fault. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return 'properties' in inner && !('additionalProperties' in inner)
    ? { ...inner, additionalProperties: false }
    : inner;
}

/** Closed, and with references that lead into the components as ajv knows them. */
const registered = (schema: unknown): Json =>
  JSON.parse(
    JSON.stringify(closed(schema)).replaceAll('"#/components/schemas/', '"components#/$defs/'),
  ) as Json;

ajv.addSchema({ $id: 'components', $defs: registered(DOCUMENT['components']?.['schemas']) });

const compiled = new Map<Json, ValidateFunction>();

function validatorOf(schema: Json): ValidateFunction {
  let validate = compiled.get(schema);
  if (!validate) {
    validate = ajv.compile(registered(schema));
    compiled.set(schema, validate);
  }
  return validate;
}

export function resolve<T>(value: T & { $ref?: unknown }): T {
  if (typeof value.$ref !== 'string') return value;
  return value.$ref
    .slice(2)
    .split('/')
    .reduce<Json>((at, key) => at[key] as Json, DOCUMENT) as unknown as T;
}

let operations: readonly Operation[] | undefined;

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`);

function allOperations(): readonly Operation[] {
  operations ??= Object.entries(DOCUMENT['paths'] as Record<string, Json>)
    .flatMap(([path, item]) =>
      Object.entries(item).map(([method, { responses }]) => ({
        name: `${method.toUpperCase()} ${path}`,
        path,
        pattern: patternOf(path),
        responses: responses as unknown as Record<string, Response>,
      })),
    )
    // A path without parameters goes before one with: /user/v2 is not the user v2.
    .sort((a, b) => a.path.split('{').length - b.path.split('{').length);
  return operations;
}

const PREFIX = /^\/(?:index\.php\/)?api\/v[23](?=\/)/;

function operationOf(method: string, url: string): Operation | undefined {
  const path = (url.split('?')[0] ?? '').replace(/\/+$/, '').replace(PREFIX, '');
  return allOperations().find(({ name, pattern }) => name.startsWith(`${method} `) && pattern.test(path));
}

export interface Received {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Fails, saying what differs, unless the document describes the answer. */
export function assertDocumented(method: string, url: string, answer: Received): void {
  const operation = operationOf(method, url);
  // The prefixes' roots, and whatever is no operation of the interface.
  if (!operation) return;
  const { name, responses } = operation;
  const what = `${name} answered ${answer.status}`;
  const listed = responses[answer.status];
  assert.ok(
    listed,
    `${what}, which the OpenAPI document does not list (${Object.keys(responses).join(', ')}): ${answer.text.slice(0, 300)}`,
  );
  const response = resolve(listed);
  assertHeaders(response, answer.headers, what);
  assertBody(response, answer, what);
}

/** Headers that mean something to this interface; those of HTTP itself need no word. */
const OURS = /^(rollbook-|location$|retry-after$|preference-applied$|www-authenticate$)/;

function assertHeaders(response: Response, headers: Headers, what: string): void {
  const documented = new Map(
    Object.entries(response.headers ?? {}).map(([name, header]) => [name.toLowerCase(), resolve(header)]),
  );
  for (const [name] of headers)
    if (OURS.test(name)) assert.ok(documented.has(name), `${what} with the header ${name}, undocumented`);
  for (const [name, { required, schema }] of documented) {
    const value = headers.get(name);
    if (value === null) assert.ok(!required, `${what} without the header ${name}`);
    else if (schema) assertFits(schema, fromText(schema, value), `${what}: header ${name}`);
  }
}

const fromText = (schema: Json, text: string): unknown =>
  (schema['type'] as unknown) === 'integer' ? Number(text) : text;

function assertBody(response: Response, { headers, text }: Received, what: string): void {
  const type = headers.get('content-type')?.split(';')[0];
  if (!response.content) {
    assert.equal(text, '', `${what} with a body, where none is documented`);
    return;
  }
  if (response['x-prefer'] && text === '') return;
  const { content } = response;
  const schema = (content[type ?? ''] ?? content[type?.replace(/\/.*/, '/*') ?? ''])?.schema;
  assert.ok(schema, `${what} as ${type ?? 'nothing'}, which the OpenAPI document does not list`);
  if (type === 'application/json') assertFits(schema, JSON.parse(text), what);
  else if (type === 'application/xml') assertXmlFits(schema, text, what);
  else assertFits(schema, text, what);
}

function assertFits(schema: Json, value: unknown, what: string): void {
  const validate = validatorOf(schema);
  if (validate(value)) return;
  const faults = ajv.errorsText(validate.errors, { dataVar: 'body', separator: '\n  ' });
  assert.fail(`${what}; the OpenAPI document says otherwise:\n  ${faults}\n${shown(value)}`);
}

/** Of several spellings one must fit. */
function assertXmlFits(schema: Json, text: string, what: string): void {
  const root = readTree(text);
  const choices = (schema['anyOf'] as unknown as Json[] | undefined) ?? [schema];
  const faults: unknown[] = [];
  for (const choice of choices)
    try {
      assertFits(choice, valueIn(choice, root, resolve), what);
      return;
    } catch (error) {
      faults.push(error);
    }
  throw faults[0];
}

const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 500);
