import type { Member, Shape, Wire } from './wire.ts';

/** Shapes as JSON Schema, with the `xml` keywords of OpenAPI. */

export type Json = Record<string, unknown>;

interface Xml {
  name?: string;
  wrapped?: boolean;
}

/** JSON Schema of a shape; named objects become components. */
export function schemaOf(shape: Shape, components: Json, xml: Xml = {}): Json {
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
      component(shape.name, objectSchema(shape.members, components), components);
      return { $ref: `#/components/schemas/${shape.name}`, ...said };
    }
  }
}

function component(name: string, schema: Json, components: Json): void {
  components[name] ??= schema;
  if (JSON.stringify(components[name]) !== JSON.stringify(schema))
    throw new Error(`two different objects are named ${name}`);
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

export function parametersOf(wire: Wire<unknown> | null, place: 'path' | 'query', components: Json): Json[] {
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
