import { refuse } from '../kernel/errors.ts';
import { fromJsonValue } from './decode.ts';
import type { Shape } from './wire.ts';

/** Nothing this interface reads is nested as deep. */
export const MAX_DEPTH = 32;

/** JSON text → plain value of the shape. Refuses `request.malformed_json` with line and column, `request.too_deep`. */
export function readJson(shape: Shape, text: string): unknown {
  checkDepth(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const { at, detail } = findFault(text);
    const before = text.slice(0, at);
    const line = before.split('\n').length;
    refuse('request.malformed_json', { detail, line, column: at - before.lastIndexOf('\n') });
  }
  return fromJsonValue(shape, value);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function checkDepth(text: string): void {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (inText) {
      if (c === BACKSLASH) at++;
      else if (c === QUOTE) inText = false;
    } else if (c === QUOTE) inText = true;
    else if (c === 0x5b || c === 0x7b) {
      if (++depth > MAX_DEPTH) refuse('request.too_deep', { limit: MAX_DEPTH });
    } else if (c === 0x5d || c === 0x7d) depth--;
  }
}

const TOKEN =
  /[\s]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)))/y;

/** Where a text stops being JSON. Only called for texts that are not: the engine's own message often has no position. */
function findFault(text: string): { at: number; detail: string } {
  const stack: string[] = [];
  let expects: 'value' | 'value or ]' | 'name' | 'name or }' | ':' | ', or end' | 'end' = 'value';
  TOKEN.lastIndex = 0;
  for (;;) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    const at = from + (/^\s*/.exec(text.slice(from))?.[0].length ?? 0);
    if (!match)
      return {
        at,
        detail: at >= text.length ? `the text ends where ${expects} is expected` : `${expects} is expected`,
      };
    const [, mark, quoted] = match;
    const fault = { at, detail: `${expects} is expected` };
    const closed = (): typeof expects => (stack.length === 0 ? 'end' : ', or end');
    if (expects === 'end') return { at, detail: 'nothing may follow the value' };
    if (expects === 'name' || expects === 'name or }') {
      if (quoted !== undefined) expects = ':';
      else if (mark === '}' && expects === 'name or }') {
        stack.pop();
        expects = closed();
      } else return fault;
    } else if (expects === ':') {
      if (mark !== ':') return fault;
      expects = 'value';
    } else if (expects === ', or end') {
      const top = stack.at(-1);
      if (mark === ',') expects = top === '{' ? 'name' : 'value';
      else if ((mark === '}' && top === '{') || (mark === ']' && top === '[')) {
        stack.pop();
        expects = closed();
      } else return fault;
    } else if (mark === '{' || mark === '[') {
      stack.push(mark);
      expects = mark === '{' ? 'name or }' : 'value or ]';
    } else if (mark === ']' && expects === 'value or ]') {
      stack.pop();
      expects = closed();
    } else if (mark === undefined) expects = closed();
    else return fault;
  }
}
