import { refuse } from '../kernel/errors.ts';

/** Which format an answer has (contract api.md 1.3). Never influenced by the request's Content-Type. */
export type Format = 'json' | 'xml' | FileFormat;
/** Lists as files, and as server-sent events: only where an answer offers them, only when asked for by name. */
export type FileFormat = 'csv' | 'ndjson' | 'sse';

interface Range {
  readonly type: string;
  readonly quality: number;
}

const TYPES: Record<Format, readonly string[]> = {
  xml: ['application/xml', 'text/xml', 'application/*+xml'],
  json: ['application/json', 'text/json', 'application/*+json'],
  csv: ['text/csv'],
  ndjson: ['application/x-ndjson', 'application/ndjson', 'application/jsonl'],
  sse: ['text/event-stream'],
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
function qualityOf(format: 'json' | 'xml', ranges: readonly Range[]): number {
  const best = (types: readonly string[]) => bestOf(types, ranges);
  const partial = format === 'json' ? ['application/*'] : ['application/*', 'text/*'];
  return best(TYPES[format]) ?? best(partial) ?? best(['*/*']) ?? 0;
}

function bestOf(types: readonly string[], ranges: readonly Range[]): number | undefined {
  const fitting = ranges.filter((range) => types.includes(range.type)).map((range) => range.quality);
  return fitting.length > 0 ? Math.max(...fitting) : undefined;
}

/**
 * The format to answer in. Ordinary quality negotiation; among equals XML wins, since clients that say nothing, or
 * everything, parse XML. `prefersJson` (the token endpoint) turns that round: XML only when it is asked for by name.
 * A file that is offered wins when it is named and nothing is wanted more. Refuses `request.not_acceptable`.
 */
export function negotiate(
  accept: string | undefined,
  prefersJson = false,
  files: readonly FileFormat[] = [],
): Format {
  if (accept === undefined || accept.trim() === '') return prefersJson ? 'json' : 'xml';
  const ranges = parse(accept);
  const [json, xml] = [qualityOf('json', ranges), qualityOf('xml', ranges)];
  for (const file of files) {
    const quality = bestOf(TYPES[file], ranges) ?? 0;
    if (quality > 0 && quality >= Math.max(json, xml)) return file;
  }
  if (json === 0 && xml === 0) refuse('request.not_acceptable', { accept: accept.slice(0, 200) });
  if (json === xml)
    return prefersJson && !ranges.some((range) => TYPES.xml.includes(range.type)) ? 'json' : 'xml';
  return json > xml ? 'json' : 'xml';
}

/** The format for an answer that must be given whatever Accept says: an error. */
export function negotiateOrDefault(accept: string | undefined, prefersJson = false): 'json' | 'xml' {
  try {
    return negotiate(accept, prefersJson) as 'json' | 'xml';
  } catch {
    return prefersJson ? 'json' : 'xml';
  }
}
