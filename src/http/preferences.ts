import { refuse } from '../kernel/errors.ts';

/** The Prefer header (RFC 7240): what the caller would like, if the server can. */

/** By name in lower case; the empty text where none was given. */
export type Preferences = ReadonlyMap<string, string>;

const TOKEN = /[!#$%&'*+.^_`|~\w-]+/y;
const QUOTED = /"((?:[\t !#-[\]-~\x80-\uffff]|\\[\t -~\x80-\uffff])*)"/y;

/**
 * Reads the header; of a preference that is named twice the first counts. Parameters are read and mean nothing, since no
 * preference that is known here has any. Refuses `request.preference` when it is malformed.
 */
export function readPreferences(header: string | undefined): Preferences {
  const preferences = new Map<string, string>();
  if (header === undefined) return preferences;
  const reader = new Reader(header);
  for (;;) {
    if (!reader.takes(',')) {
      if (reader.isAtEnd) return preferences;
      const { name, value } = reader.pair();
      while (reader.takes(';')) if (!reader.isBefore(/[;,]/y)) reader.pair();
      if (!preferences.has(name)) preferences.set(name, value);
      if (!reader.isAtEnd && !reader.isBefore(/,/y)) reader.fail();
    }
  }
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#skip();
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** `name`, `name=value` or `name="value"`. */
  pair(): { name: string; value: string } {
    const name = this.#match(TOKEN)?.[0] ?? this.fail();
    this.#skip();
    if (!this.takes('=')) return { name: name.toLowerCase(), value: '' };
    const quoted = this.#match(QUOTED);
    const value = quoted
      ? (quoted[1] ?? '').replace(/\\(.)/g, '$1')
      : (this.#match(TOKEN)?.[0] ?? this.fail());
    this.#skip();
    return { name: name.toLowerCase(), value };
  }

  /** Whether the sign is next; it is passed, with the white space around it. */
  takes(sign: string): boolean {
    if (this.#text[this.#at] !== sign) return false;
    this.#at++;
    this.#skip();
    return true;
  }

  /** Whether the pattern, or the end, is next. */
  isBefore(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    return this.isAtEnd || pattern.test(this.#text);
  }

  fail(): never {
    const rest = this.#text.slice(this.#at, this.#at + 50);
    return refuse('request.preference', {
      detail: rest === '' ? 'it ends too early' : `${JSON.stringify(rest)} cannot be read`,
    });
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match) this.#at = pattern.lastIndex;
    return match;
  }

  #skip(): void {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at++;
  }
}

/** Preference-Applied: those that were honoured, as they were asked for. */
export const appliedHeader = (applied: Readonly<Record<string, string>>): Record<string, string> => {
  const texts = Object.entries(applied).map(([name, value]) => (value === '' ? name : `${name}=${value}`));
  return texts.length === 0 ? {} : { 'preference-applied': texts.join(', ') };
};
