import { FACTS, type Fact } from './facts.ts';
import { LEFT_OUT } from './readings.ts';

/** Holds our OpenAPI document against the facts of the contract. Used by the test and by docs/contract.md. */

// biome-ignore lint/suspicious/noExplicitAny: a document of any form is walked
type Document = any;

export interface Compared {
  readonly area: string;
  readonly fact: Fact;
  /** How our document names it; null while it is not served. */
  readonly operationId: string | null;
  /** What the fact has and we have not. */
  readonly lacks: readonly string[];
  /** Statuses that we answer and the fact does not list. */
  readonly beyond: readonly number[];
}

const shapeOf = (path: string): string => path.replace(/\{\w+\}/g, '{}');

export function compare(document: Document): Compared[] {
  const ours = new Map<string, Document>();
  for (const [path, item] of Object.entries<Document>(document.paths))
    for (const [method, operation] of Object.entries<Document>(item))
      ours.set(`${method.toUpperCase()} ${shapeOf(path)}`, operation);
  return Object.entries(FACTS).flatMap(([area, facts]) =>
    facts.map((fact) => {
      const operation = ours.get(`${fact.method} ${shapeOf(fact.path)}`);
      return {
        area,
        fact,
        operationId: operation?.operationId ?? null,
        lacks: operation ? lacksOf(document, fact, operation) : [],
        beyond: operation ? beyondOf(document, fact, operation) : [],
      };
    }),
  );
}

const USUAL = [400, 401, 403];
/** What any HTTP server may answer, whatever the operation. */
const ANYWHERE = [405, 406, 413, 415, 429, 500, 503];
/** Only a request with an Idempotency-Key or Enrollment-Plan is refused so, and no program of the contract sends one. */
const WITH_OUR_HEADERS = /^(retry|plan)\./;

const needsOurHeaders = (document: Document, response: Document): boolean => {
  const codes: string[] | undefined = resolve(document, response).headers?.['Rollbook-Error']?.schema.enum;
  return codes?.every((code) => WITH_OUR_HEADERS.test(code)) ?? false;
};

function beyondOf(document: Document, fact: Fact, operation: Document): number[] {
  const listed = [fact.status, ...USUAL, ...ANYWHERE, ...fact.also];
  return (
    Object.entries<Document>(operation.responses)
      // An answer that is marked x-prefer is for who sends Prefer, which no program of the contract does.
      .filter(([status, response]) => status !== 'default' && !needsOurHeaders(document, response))
      .filter(([, response]) => !('x-prefer' in response))
      .map(([status]) => Number(status))
      .filter((status) => !listed.includes(status))
  );
}

function lacksOf(document: Document, fact: Fact, operation: Document): string[] {
  const parameters = operation.parameters.map((parameter: Document) => resolve(document, parameter));
  const inPlace = (place: string): Map<string, boolean> =>
    new Map(
      parameters
        .filter((parameter: Document) => parameter.in === place)
        .map((parameter: Document) => [parameter.name.replace('[]', ''), parameter.required === true]),
    );
  const body = operation.requestBody?.content['application/json']?.schema;
  return [
    ...[fact.status, ...USUAL, ...fact.also]
      .filter((status) => !(status in operation.responses) && !fact.never.includes(status))
      .map((status) => `status ${status}`),
    ...differences('query', fact.query, inPlace('query')),
    ...differences('body', fact.body, body ? membersOf(document, body) : new Map()),
    ...differences('header', fact.headers, inPlace('header')),
    ...givenBy(document, fact, operation),
  ];
}

/** Names that we do not know, and names that we alone insist on. */
function differences(where: string, names: readonly string[], ours: Map<string, boolean>): string[] {
  const theirs = new Map(names.map((name) => [name.replace('*', ''), name.endsWith('*')]));
  return [
    ...[...theirs.keys()].filter((name) => !ours.has(name)).map((name) => `${where} ${name}`),
    ...[...ours]
      .filter(([name, isRequired]) => isRequired && !theirs.get(name))
      .map(([name]) => `${where} ${name} must be given, which the contract does not ask for`),
  ];
}

function givenBy(document: Document, fact: Fact, operation: Document): string[] {
  if (fact.gives.length === 0) return [];
  const schema = operation.responses[fact.status]?.content?.['application/json'].schema;
  const ours = schema ? everyMember(document, schema) : new Set<string>();
  return fact.gives.filter((name) => !ours.has(name) && !(name in LEFT_OUT)).map((name) => `answer ${name}`);
}

function resolve(document: Document, value: Document): Document {
  if (!value?.$ref) return value;
  return value.$ref
    .slice(2)
    .split('/')
    .reduce((at: Document, key: string) => at[key], document);
}

function membersOf(document: Document, schema: Document): Map<string, boolean> {
  const { properties = {}, required = [] } = resolve(document, schema);
  return new Map(Object.keys(properties).map((name) => [name, required.includes(name)]));
}

/** The members of the answer, of an entry if it is a list or a page, or of the one object that it holds. */
function everyMember(document: Document, schema: Document): Set<string> {
  const { items, properties = {} } = resolve(document, schema);
  if (items) return everyMember(document, items);
  const names = new Set(Object.keys(properties));
  for (const inner of Object.values<Document>(properties)) {
    const { type, items: entries } = resolve(document, inner);
    if (type === 'object' || entries)
      for (const name of Object.keys(resolve(document, entries ?? inner).properties ?? {})) names.add(name);
  }
  return names;
}
