import { ERRORS } from '../kernel/errors.ts';
import { ErrorResponse } from './refusal.ts';
import type { Answer, Route } from './route.ts';
import type { Member, Shape, Wire } from './wire.ts';

/** The OpenAPI 3.1 document, made from the route table. */

type Json = Record<string, unknown>;

interface Xml {
  name?: string;
  wrapped?: boolean;
}

/** JSON Schema of a shape; named objects become components. */
function schemaOf(shape: Shape, components: Json, xml: Xml = {}): Json {
  const said = Object.keys(xml).length > 0 ? { xml } : {};
  switch (shape.kind) {
    case 'scalar': {
      const type = { text: 'string', integer: 'integer', decimal: 'number', boolean: 'boolean' }[shape.type];
      return {
        type,
        ...(shape.format ? { format: shape.format } : {}),
        ...(shape.values ? { enum: shape.values } : {}),
        ...(shape.type === 'integer' && shape.minimum !== undefined ? { minimum: shape.minimum } : {}),
        ...(shape.maximum === undefined
          ? {}
          : { [shape.type === 'text' ? 'maxLength' : 'maximum']: shape.maximum }),
        ...said,
      };
    }
    case 'list':
      return {
        type: 'array',
        items: schemaOf(shape.item, components, shape.isWrapped ? { name: shape.itemName } : {}),
        ...(shape.isWrapped ? { xml: { ...xml, wrapped: true } } : said),
      };
    case 'map':
      return { type: 'object', additionalProperties: { type: 'string' }, ...said };
    case 'object': {
      if (!shape.name) return { ...objectSchema(shape.members, components), ...said };
      components[shape.name] ??= objectSchema(shape.members, components);
      return { $ref: `#/components/schemas/${shape.name}`, ...said };
    }
  }
}

function objectSchema(members: ReadonlyMap<string, Member>, components: Json): Json {
  const properties: Json = {};
  const required: string[] = [];
  for (const [name, member] of members) {
    properties[name] = {
      ...schemaOf(member.shape, components),
      ...(member.about ? { description: member.about } : {}),
    };
    if (!member.isOptional) required.push(name);
  }
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
}

function parametersOf(wire: Wire<unknown> | null, place: 'path' | 'query', components: Json): Json[] {
  if (wire?.shape.kind !== 'object') return [];
  return [...wire.shape.members].map(([name, member]) => ({
    name: member.shape.kind === 'list' ? `${name}[]` : name,
    in: place,
    required: place === 'path' || !member.isOptional,
    schema: schemaOf(member.shape, components),
    ...(member.shape.kind === 'object' ? { style: 'deepObject', explode: true } : {}),
    ...(member.about ? { description: member.about } : {}),
  }));
}

function bodyOf<Ctx>(route: Route<Ctx>, components: Json): Json {
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

function answerOf(answer: Answer<never>, components: Json): Json {
  if (answer.contentType)
    return { description: 'Done.', content: { [answer.contentType]: { schema: { type: 'string' } } } };
  if (!answer.shape) return { description: 'Done; the body is empty.' };
  const schema = schemaOf(answer.shape, components);
  const inside =
    answer.xmlItem && answer.shape.kind !== 'list'
      ? { type: 'object', properties: { [answer.xmlItem]: schema } }
      : schema;
  return {
    description: 'Done.',
    content: {
      'application/json': { schema },
      'application/xml': {
        schema: {
          ...inside,
          xml: { name: answer.xmlRoot, ...(answer.shape.kind === 'list' ? { wrapped: true } : {}) },
        },
      },
    },
  };
}

const ALWAYS = ['auth.bad_token', 'auth.role', 'request.invalid', 'request.not_acceptable'] as const;

function refusalsOf<Ctx>(route: Route<Ctx>): Json {
  const codes = [...route.refusals, ...(route.may === 'public' ? (['request.invalid'] as const) : ALWAYS)];
  const byStatus = new Map<number, string[]>();
  for (const code of codes) {
    const { status, about } = ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), `\`${code}\`: ${about}`]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, texts]) => [
      String(status),
      {
        description: [...new Set(texts)].join('\n\n'),
        headers: {
          'Rollbook-Error': {
            schema: { type: 'string' },
            description: 'Which refusal it is; see docs/errors.md.',
          },
        },
        content: {
          'application/json': { schema: { $ref: '#/components/schemas/ErrorResponse' } },
          'application/xml': {
            schema: { $ref: '#/components/schemas/ErrorResponse', xml: { name: 'response' } },
          },
        },
      },
    ]),
  );
}

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
    const item = paths[route.path] as Json;
    item[route.method.toLowerCase()] = {
      operationId: route.operationId,
      summary: route.summary,
      ...(route.description ? { description: route.description } : {}),
      tags: [route.tag],
      ...(route.may === 'public' ? { security: [] } : { 'x-permission': route.may }),
      parameters: [
        ...parametersOf(route.params, 'path', schemas),
        ...parametersOf(route.query, 'query', schemas),
      ],
      ...bodyOf(route, schemas),
      responses: { [String(route.answer.status)]: answerOf(route.answer, schemas), ...refusalsOf(route) },
    };
  }
  return {
    openapi: '3.1.1',
    info: {
      ...info,
      description:
        'Enrollment server for workplace learning. Every path also answers under /api/v2, /api/v3 and /index.php/api/v2, with or without a trailing slash. JSON and XML are two spellings of one schema; without an Accept header answers are XML.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    security: [{ bearer: [] }, { bare: [] }, { accountUrl: [], login: [], password: [] }],
    paths,
    components: {
      schemas,
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
