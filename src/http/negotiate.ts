import { refuse } from '../kernel/errors.ts';

/** Which format an answer has (contract api.md 1.3). Never influenced by the request's Content-Type. */
export type Format = 'json' | 'xml';

interface Range {
  readonly type: string;
  readonly quality: number;
}

const TYPES: Record<Format, readonly string[]> = {
  xml: ['application/xml', 'text/xml', 'application/*+xml'],
  json: ['application/json', 'text/json', 'application/*+json'],
};

function parse(accept: string): Range[] {
  return accept
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
      const q = parameters.find((parameter) => parameter.startsWith('q='));
      const quality = q === undefined ? 1 : Number(q.slice(2));
      return {
        type: type === '*' ? '*/*' : type,
        quality: Number.isFinite(quality) ? Math.min(1, Math.max(0, quality)) : 1,
      };
    });
}

/** The quality of a format: that of its most specific range. */
function qualityOf(format: Format, ranges: readonly Range[]): number {
  const best = (types: readonly string[]): number | undefined => {
    const fitting = ranges.filter((range) => types.includes(range.type)).map((range) => range.quality);
    return fitting.length > 0 ? Math.max(...fitting) : undefined;
  };
  const partial = format === 'json' ? ['application/*'] : ['application/*', 'text/*'];
  return best(TYPES[format]) ?? best(partial) ?? best(['*/*']) ?? 0;
}

/**
 * The format to answer in. Ordinary quality negotiation; among equals XML wins, since clients that say nothing, or
 * everything, parse XML. `prefersJson` (the token endpoint) turns that round: XML only when it is asked for by name.
 * Refuses `request.not_acceptable`.
 */
export function negotiate(accept: string | undefined, prefersJson = false): Format {
  if (accept === undefined || accept.trim() === '') return prefersJson ? 'json' : 'xml';
  const ranges = parse(accept);
  const [json, xml] = [qualityOf('json', ranges), qualityOf('xml', ranges)];
  if (json === 0 && xml === 0) refuse('request.not_acceptable', { accept: accept.slice(0, 200) });
  if (json === xml)
    return prefersJson && !ranges.some((range) => TYPES.xml.includes(range.type)) ? 'json' : 'xml';
  return json > xml ? 'json' : 'xml';
}

/** The format for an answer that must be given whatever Accept says: an error. */
export function negotiateOrDefault(accept: string | undefined, prefersJson = false): Format {
  try {
    return negotiate(accept, prefersJson);
  } catch {
    return prefersJson ? 'json' : 'xml';
  }
}
