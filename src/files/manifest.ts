import { SaxesParser } from 'saxes';
import { refuse } from '../kernel/errors.ts';

/** What the manifest of a SCORM package says (IMS Content Packaging), pure: which SCORM it is, and what is to be opened. */

export interface Manifest {
  readonly version: '1.2' | '2004';
  /** Path within the package of what opens, with a query if it has one. */
  readonly launch: string;
  /** Of 100, from which on it is passed; 1.2 only. */
  readonly masteryScore: string | null;
}

interface Item {
  readonly resourceId: string;
  readonly parameters: string;
  masteryScore: string | null;
}

interface Resource {
  readonly href: string | null;
  readonly isSco: boolean;
}

const MAX_DEPTH = 64;
const MAX_ELEMENTS = 50_000;

const unusable = (detail: string): never => refuse('file.package', { detail });
const local = (name: string): string => name.slice(name.indexOf(':') + 1);

/** Refuses `file.package` for what is no manifest, or none that can be opened here. */
export function readManifest(text: string): Manifest {
  const facts = gather(text);
  const items = facts.organizations.get(facts.chosen ?? '') ?? [...facts.organizations.values()][0] ?? [];
  const opened = items.flatMap((item) => {
    const resource = facts.resources.get(item.resourceId);
    return resource?.href ? [{ ...item, ...resource, href: resource.href }] : [];
  });
  const parts = opened.some(({ isSco }) => isSco) ? opened.filter(({ isSco }) => isSco) : opened;
  const [first] = parts;
  if (!first) return unusable('its manifest names nothing that can be opened');
  if (new Set(parts.map(({ href }) => href)).size > 1)
    unusable(`it has ${parts.length} parts that open by themselves; make a package of each`);
  return {
    version: facts.is2004 ? '2004' : '1.2',
    launch: launchOf(first.href, first.parameters),
    masteryScore: first.masteryScore,
  };
}

function launchOf(href: string, parameters: string): string {
  const base = 'http://package.invalid/';
  const url = URL.canParse(href, base) ? new URL(href, base) : null;
  if (!url || url.origin !== new URL(base).origin) return unusable('its manifest leads out of it');
  const more = parameters.replace(/^[?&]/, '');
  const query = [url.search.slice(1), more].filter(Boolean).join('&');
  return `${url.pathname.slice(1)}${query && `?${query}`}`;
}

interface Facts {
  is2004: boolean;
  chosen: string | null;
  readonly organizations: Map<string, Item[]>;
  readonly resources: Map<string, Resource>;
}

function gather(text: string): Facts {
  const facts: Facts = { is2004: false, chosen: null, organizations: new Map(), resources: new Map() };
  const parser = new SaxesParser();
  const bases: string[] = [];
  let [items, elements, characters]: [Item[] | null, number, string] = [null, 0, ''];
  parser.on('error', (error) =>
    unusable(`its manifest is no well-formed XML: ${error.message.slice(0, 100)}`),
  );
  parser.on('doctype', () => unusable('its manifest declares a document type'));
  parser.on('opentag', ({ name, attributes }) => {
    elements++;
    if (elements > MAX_ELEMENTS || bases.length > MAX_DEPTH) unusable('its manifest is too large');
    const of = (wanted: string): string | undefined =>
      Object.entries(attributes).find(([key]) => local(key).toLowerCase() === wanted)?.[1];
    bases.push((bases.at(-1) ?? '') + (attributes['xml:base'] ?? ''));
    characters = '';
    if (Object.values(attributes).some((value) => /adlcp_v1p3|imsss/i.test(value))) facts.is2004 = true;
    switch (local(name)) {
      case 'organizations':
        facts.chosen = of('default') ?? null;
        break;
      case 'organization':
        items = [];
        facts.organizations.set(of('identifier') ?? '', items);
        break;
      case 'item': {
        const resourceId = of('identifierref');
        if (resourceId) items?.push({ resourceId, parameters: of('parameters') ?? '', masteryScore: null });
        break;
      }
      case 'resource': {
        const href = of('href');
        const resource = {
          href: href === undefined || URL.canParse(href) ? (href ?? null) : (bases.at(-1) ?? '') + href,
          isSco: of('scormtype')?.toLowerCase() === 'sco',
        };
        facts.resources.set(of('identifier') ?? '', resource);
      }
    }
  });
  parser.on('text', (more) => {
    if (characters.length < 1_000) characters += more;
  });
  parser.on('closetag', ({ name }) => {
    bases.pop();
    if (local(name) === 'schemaversion' && /2004|1\.3/.test(characters)) facts.is2004 = true;
    const last = items?.at(-1);
    if (local(name) === 'masteryscore' && last && /^\d{1,3}(\.\d+)?$/.test(characters.trim()))
      last.masteryScore = characters.trim();
    characters = '';
  });
  parser.write(text).close();
  return facts;
}
