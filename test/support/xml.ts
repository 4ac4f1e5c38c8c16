import assert from 'node:assert/strict';
import { SaxesParser } from 'saxes';
import type { Json } from './openapi.ts';

/** Reads XML as a stranger would who has only the OpenAPI document: nothing here knows our codec. */

export interface Element {
  readonly name: string;
  readonly children: Element[];
  text: string;
}

/** The document as a tree; fails unless it is well-formed. */
export function readTree(xml: string): Element {
  const parser = new SaxesParser({});
  const stack: Element[] = [];
  let root: Element | undefined;
  parser.on('error', (error) => assert.fail(`the answer is not well-formed XML: ${error.message}\n${xml}`));
  parser.on('opentag', ({ name }) => {
    const element: Element = { name, children: [], text: '' };
    root ??= element;
    stack.at(-1)?.children.push(element);
    stack.push(element);
  });
  parser.on('text', (text) => {
    const top = stack.at(-1);
    if (top) top.text += text;
  });
  parser.on('closetag', () => stack.pop());
  parser.write(xml).close();
  assert.ok(root, 'the answer has no root element');
  return root;
}

interface XmlKeyword {
  readonly name?: string;
  readonly wrapped?: boolean;
}

const xmlOf = (schema: Json): XmlKeyword => (schema['xml'] as XmlKeyword | undefined) ?? {};

type Resolve = <T>(value: T & { $ref?: unknown }) => T;

/** What an element says by a schema and its `xml` keywords; fails on an element that the schema does not name. */
export function valueIn(schema: Json, element: Element, resolve: Resolve): unknown {
  const { name } = xmlOf(schema);
  if (name !== undefined) assert.equal(element.name, name, 'the name of an element');
  return contentOf(resolve(schema), element, resolve);
}

function contentOf(schema: Json, element: Element, resolve: Resolve): unknown {
  switch (schema['type'] as unknown) {
    case 'object':
      return objectOf(schema, element, resolve);
    case 'array':
      return element.children.map((child) => itemOf(schema, child, resolve));
    case 'integer':
    case 'number':
      assert.match(element.text, /^-?\d+(\.\d+)?$/, `<${element.name}>`);
      return Number(element.text);
    case 'boolean':
      assert.match(element.text, /^[01]$/, `<${element.name}>`);
      return element.text === '1';
    default:
      assert.equal(element.children.length, 0, `<${element.name}> is a text and has elements`);
      return element.text;
  }
}

const itemOf = (schema: Json, element: Element, resolve: Resolve): unknown =>
  valueIn(schema['items'] as Json, element, resolve);

function objectOf(schema: Json, element: Element, resolve: Resolve): Record<string, unknown> {
  const properties = (schema['properties'] ?? {}) as Record<string, Json>;
  const value: Record<string, unknown> = {};
  for (const child of element.children) {
    const [name, member] =
      Object.entries(properties).find(([key, property]) => (xmlOf(property).name ?? key) === child.name) ??
      [];
    assert.ok(name !== undefined && member, `<${element.name}> has <${child.name}>, undocumented`);
    const isRepeated = (member['type'] as unknown) === 'array' && !xmlOf(member).wrapped;
    if (isRepeated) value[name] = [...((value[name] as unknown[]) ?? []), itemOf(member, child, resolve)];
    else {
      assert.ok(!(name in value), `<${element.name}> has <${child.name}> twice`);
      value[name] = valueIn(member, child, resolve);
    }
  }
  return value;
}
