import { ERRORS, type ErrorCode } from '../kernel/errors.ts';
import { CONTENT_TYPE } from './encode.ts';
import { headerOf } from './header-members.ts';
import { ErrorResponse } from './refusal.ts';
import { type Answer, type Route, takesKey } from './route.ts';
import { type Json, parametersOf, schemaOf } from './schema.ts';

/** The OpenAPI 3.1 document, made from the route table: every status, header and body that a route can answer. */

function headerMembersOf<Ctx>({ body, headerMembers }: Route<Ctx>, components: Json): Json[] {
  if (body?.shape.kind !== 'object') return [];
  const { members } = body.shape;
  return headerMembers.flatMap((name) => {
    const member = members.get(name);
    if (!member) return [];
    return {
      name: headerOf(name),
      in: 'header',
      required: false,
      schema: schemaOf(member.shape, components),
      description: `The member ${name}, where the body leaves it out.`,
    };
  });
}

const BINARY = { type: 'string', format: 'binary' };

const takenHeadersOf = <Ctx>({ takesHeaders }: Route<Ctx>): Json[] =>
  Object.entries(takesHeaders).map(([name, description]) => ({
    name,
    in: 'header',
    required: false,
    schema: { type: 'string' },
    description,
  }));

function bodyOf<Ctx>(route: Route<Ctx>, components: Json): Json {
  if (route.upload) {
    const form = { type: 'object', properties: { file: BINARY }, required: ['file'] };
    const types = [...route.upload, 'application/octet-stream'].map((type) => [type, { schema: BINARY }]);
    return {
      requestBody: {
        required: true,
        content: { ...Object.fromEntries(types), 'multipart/form-data': { schema: form } },
      },
    };
  }
  if (!route.body) return {};
  const schema = schemaOf(route.body.shape, components);
  return {
    requestBody: {
      required: true,
      content: {
        'application/json': { schema },
        'application/xml': { schema: { ...schema, xml: { name: 'request' } } },
        'application/x-www-form-urlencoded': { schema },
        'multipart/form-data': { schema },
      },
    },
  };
}

const REQUEST_ID = { 'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' } };

const APPLIED = { 'Preference-Applied': { $ref: '#/components/headers/Preference-Applied' } };

const headersOf = <Ctx>({ headers, mayHaveHeaders, representation }: Route<Ctx>): Json => ({
  ...REQUEST_ID,
  ...(representation ? APPLIED : {}),
  ...described(headers, true),
  ...described(mayHaveHeaders, false),
});

const described = (headers: Readonly<Record<string, string>>, isRequired: boolean): Json =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [
      name,
      { ...(isRequired ? { required: true } : {}), schema: { type: 'string' }, description },
    ]),
  );

const ACCEPTED =
  'Accepted, with Prefer: respond-async: it goes on without the caller, who asks after it at Location.';

const UNCHANGED = 'Nothing is new since the answer that If-None-Match names.';

/** By status. What is given only to who prefers it is marked, since otherwise the body is empty. */
function answersOf<Ctx>(route: Route<Ctx>, components: Json): Json {
  const { answer, representation, mayBeAsync, mayBeUnchanged } = route;
  const said = { headers: headersOf(route) };
  const plain = answerOf(answer, said, components);
  const later = mayBeAsync ? { 202: { ...said, description: ACCEPTED, 'x-prefer': 'respond-async' } } : {};
  const unchanged = mayBeUnchanged ? { 304: { ...said, description: UNCHANGED } } : {};
  if (!representation) return { [answer.status]: plain, ...later, ...unchanged };
  const preferred = {
    ...answerOf(representation, said, components),
    description: 'Done; with Prefer: return=representation the body says what, otherwise it is empty.',
    'x-prefer': 'return=representation',
  };
  return { [answer.status]: plain, [representation.status]: preferred, ...later };
}

function answerOf(answer: Answer<never>, said: Json, components: Json): Json {
  if (answer.contentType)
    return {
      description: 'Done.',
      ...said,
      content: { [answer.contentType.split(';')[0] ?? '']: { schema: { type: 'string' } } },
    };
  if (answer.bodies.length === 0) return { description: 'Done; the body is empty.', ...said };
  const schemas = answer.bodies.map(({ json, xml }) => ({
    json: schemaOf(json, components),
    xml: schemaOf(xml, components, { name: answer.xmlRoot }),
  }));
  const [only] = schemas;
  const isOne = only !== undefined && schemas.length === 1;
  return {
    description: 'Done.',
    ...said,
    content: {
      'application/json': { schema: isOne ? only.json : { anyOf: schemas.map(({ json }) => json) } },
      'application/xml': { schema: isOne ? only.xml : { anyOf: schemas.map(({ xml }) => xml) } },
      ...Object.fromEntries(
        (answer.files ?? []).map((file) => [
          CONTENT_TYPE[file].split(';')[0] ?? '',
          { schema: { type: 'string' } },
        ]),
      ),
    },
  };
}

interface Common {
  readonly status: number;
  readonly codes: readonly ErrorCode[];
  appliesTo(route: Pick<Route<never>, 'may' | 'body' | 'upload' | 'method' | 'keyless'>): boolean;
}

const hasCaller = (route: { may: string }): boolean => route.may !== 'public';
const hasBody = (route: { body: unknown; upload: unknown }): boolean =>
  route.body !== null || route.upload !== null;

/** What the pipeline refuses by itself, as components that routes without refusals of their own point at. */
const COMMON: Readonly<Record<string, Common>> = {
  BadRequest: {
    status: 400,
    codes: ['request.invalid', 'request.too_deep', 'request.preference'],
    appliesTo: (route) => !hasBody(route),
  },
  BadBody: {
    status: 400,
    codes: [
      'request.invalid',
      'request.too_deep',
      'request.malformed_json',
      'request.malformed_xml',
      'request.malformed_form',
      'request.doctype',
      'request.not_utf8',
      'request.preference',
    ],
    appliesTo: hasBody,
  },
  Unauthenticated: {
    status: 401,
    codes: ['auth.missing', 'auth.bad_token', 'auth.bad_login'],
    appliesTo: hasCaller,
  },
  Forbidden: { status: 403, codes: ['auth.plan', 'auth.role'], appliesTo: hasCaller },
  NotAcceptable: { status: 406, codes: ['request.not_acceptable'], appliesTo: () => true },
  TooLarge: { status: 413, codes: ['request.too_large'], appliesTo: hasBody },
  UnsupportedType: {
    status: 415,
    codes: ['request.unsupported_type', 'request.unsupported_encoding'],
    appliesTo: hasBody,
  },
  Retried: { status: 409, codes: ['retry.running', 'retry.answer_lost'], appliesTo: takesKey },
  OtherRequest: { status: 422, codes: ['retry.other_request'], appliesTo: takesKey },
  TooManyAttempts: { status: 429, codes: ['request.too_many'], appliesTo: hasCaller },
  Busy: { status: 503, codes: ['access.busy', 'server.busy'], appliesTo: () => true },
};

/** Headers of the refusals of a status, beside Rollbook-Error. */
const RETRY_AFTER = { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds' } };
const GOES_ON = {
  ...RETRY_AFTER,
  Location: { schema: { type: 'string' }, description: 'The operation that goes on' },
};
const REFUSAL_HEADERS: Readonly<Record<number, Json>> = {
  401: { 'WWW-Authenticate': { schema: { type: 'string' } } },
  409: GOES_ON,
  410: { Location: { schema: { type: 'string' }, description: 'Where what is still there begins' } },
  429: RETRY_AFTER,
  503: GOES_ON,
};

const REFUSAL_CONTENT = {
  'application/json': { schema: { $ref: '#/components/schemas/ErrorResponse' } },
  'application/xml': { schema: { $ref: '#/components/schemas/ErrorResponse', xml: { name: 'response' } } },
};

function refusalOf(status: number, codes: readonly ErrorCode[]): Json {
  const all = [...new Set(codes)];
  return {
    description: all.map((code) => `\`${code}\`: ${ERRORS[code].about}`).join('\n\n'),
    headers: {
      ...REQUEST_ID,
      'Rollbook-Error': {
        required: true,
        schema: { type: 'string', enum: all },
        description: 'Which refusal it is; see docs/errors.md.',
      },
      ...REFUSAL_HEADERS[status],
    },
    content: REFUSAL_CONTENT,
  };
}

/** By status: a component where the pipeline alone refuses, else the route's own refusals beside the pipeline's. */
function refusalsOf<Ctx>(route: Route<Ctx>): Json {
  const responses: Json = {};
  const common = Object.entries(COMMON).filter(([, { appliesTo }]) => appliesTo(route));
  for (const [name, { status }] of common) responses[status] = { $ref: `#/components/responses/${name}` };
  for (const status of new Set(route.refusals.map((code) => ERRORS[code].status))) {
    const own = route.refusals.filter((code) => ERRORS[code].status === status);
    const shared = common.filter(([, also]) => also.status === status).flatMap(([, { codes }]) => codes);
    responses[status] = refusalOf(status, [...own, ...shared]);
  }
  return responses;
}

const LOCALE = { $ref: '#/components/parameters/X-Target-Locale' };
const IDEMPOTENCY_KEY = { $ref: '#/components/parameters/Idempotency-Key' };
const RETURN_OBJECT = { $ref: '#/components/parameters/X-Return-Object' };
const PREFER = { $ref: '#/components/parameters/Prefer' };

function operationOf<Ctx>(route: Route<Ctx>, schemas: Json): Json {
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(route.description ? { description: route.description } : {}),
    tags: [route.tag],
    ...(hasCaller(route) ? { 'x-permission': route.may } : { security: [] }),
    parameters: [
      ...parametersOf(route.params, 'path', schemas),
      ...parametersOf(route.query, 'query', schemas),
      ...headerMembersOf(route, schemas),
      ...takenHeadersOf(route),
      ...(hasCaller(route) ? [LOCALE] : []),
      ...(takesKey(route) ? [IDEMPOTENCY_KEY] : []),
      ...(route.answer.bodies.length > 1 ? [RETURN_OBJECT] : []),
      ...(route.representation ? [PREFER] : []),
    ],
    ...bodyOf(route, schemas),
    responses: {
      ...answersOf(route, schemas),
      ...refusalsOf(route),
      default: { $ref: '#/components/responses/Fault' },
    },
  };
}

const DESCRIPTION =
  'Enrollment server for workplace learning. Every path also answers under /api/v2, /api/v3 and /index.php/api/v2, with or without a trailing slash. JSON and XML are two spellings of one schema; in XML booleans are 1 and 0. Without an Accept header answers are XML.';

const PARAMETERS = {
  'X-Target-Locale': {
    name: 'X-Target-Locale',
    in: 'header',
    schema: { type: 'string' },
    description: 'Language of display texts, as en-US; an unknown one is ignored.',
  },
  'Idempotency-Key': {
    name: 'Idempotency-Key',
    in: 'header',
    schema: { type: 'string', minLength: 1 },
    description:
      'Makes sending the request again safe: for 48 hours the same key with the same request gets the answer that was given first, and nothing is done twice. 1 to 255 visible ASCII characters, in quotes or not; each API client has keys of its own.',
  },
  'X-Return-Object': {
    name: 'X-Return-Object',
    in: 'header',
    schema: { type: 'boolean' },
    description: 'true: the answer is what was created, not only its id.',
  },
  Prefer: {
    name: 'Prefer',
    in: 'header',
    schema: { type: 'string' },
    description:
      'RFC 7240. return=representation: the answer says what was done; return=minimal, as without: it is empty. POST /enrollment also takes handling=strict, the default, or lenient. respond-async: enrolling, ending, undo and cancel are accepted and answered with 202, at once or after wait= seconds. Unknown preferences are ignored.',
  },
};

const HEADERS = {
  'Preference-Applied': {
    schema: { type: 'string' },
    description: 'The preferences that were honoured.',
  },
  'X-Request-Id': {
    required: true,
    schema: { type: 'string', format: 'uuid' },
    description: 'Names this request in the log.',
  },
};

/** The whole document. Deterministic: the same table gives the same text. */
export function toOpenApi<Ctx>(
  routes: readonly Route<Ctx>[],
  info: { title: string; version: string },
): Json {
  const schemas: Json = {};
  schemaOf(ErrorResponse.shape, schemas);
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[route.path] ??= {};
    (paths[route.path] as Json)[route.method.toLowerCase()] = operationOf(route, schemas);
  }
  const responses = Object.fromEntries(
    Object.entries(COMMON).map(([name, { status, codes }]) => [name, refusalOf(status, codes)]),
  );
  return {
    openapi: '3.1.1',
    info: { ...info, description: DESCRIPTION, license: { name: 'MIT', identifier: 'MIT' } },
    security: [{ bearer: [] }, { bare: [] }, { accountUrl: [], login: [], password: [] }],
    paths,
    components: {
      schemas,
      responses: {
        ...responses,
        Fault: {
          description: 'A fault of the server; X-Request-Id finds it in the log.',
          content: REFUSAL_CONTENT,
        },
      },
      parameters: PARAMETERS,
      headers: HEADERS,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        bare: { type: 'apiKey', in: 'header', name: 'Authorization' },
        accountUrl: { type: 'apiKey', in: 'header', name: 'X-Auth-Account-Url' },
        login: { type: 'apiKey', in: 'header', name: 'X-Auth-Email' },
        password: { type: 'apiKey', in: 'header', name: 'X-Auth-Password' },
      },
    },
  };
}
