import assert from 'node:assert/strict';
import type { World } from './server.ts';

/** A browser without script, images and eyes: it keeps cookies, follows nothing by itself, and sends forms as they stand in the page. */

export interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly location: string | null;
}

export class Visitor {
  readonly cookies = new Map<string, string>();
  readonly #url: string;
  readonly headers: Record<string, string>;
  /** The page that was shown last. */
  page: Page = { status: 0, headers: new Headers(), text: '', location: null };

  constructor(world: Pick<World, 'url'>, headers: Record<string, string> = {}) {
    this.#url = world.url;
    this.headers = headers;
  }

  get(path: string): Promise<Page> {
    return this.#send(path, { method: 'GET' });
  }

  /** Sends a form of the page that was shown last: the one that goes to `action`, with these fields changed. */
  submit(action: string, fields: Record<string, string> = {}): Promise<Page> {
    const form = formsOf(this.page.text).find((candidate) => candidate.action === action);
    assert.ok(form, `no form to ${action} in\n${this.page.text}`);
    return this.post(action, { ...form.fields, ...fields });
  }

  post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Page> {
    return this.#send(path, { method: 'POST', body: new URLSearchParams(fields), headers });
  }

  async signIn(login: string, password: string): Promise<Page> {
    await this.get('/sign-in');
    return this.submit('/sign-in', { login, password });
  }

  async #send(path: string, init: RequestInit): Promise<Page> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(this.#url + path, {
      ...init,
      redirect: 'manual',
      headers: { ...this.headers, ...(cookie && { cookie }), ...(init.headers as Record<string, string>) },
    });
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (/Max-Age=0/.test(set)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const location = response.headers.get('location');
    const page = {
      status: response.status,
      headers: response.headers,
      text: await response.text(),
      location,
    };
    if (location === null) this.page = page;
    return page;
  }
}

const unescaped = (text: string): string =>
  text.replace(
    /&(amp|lt|gt|quot|#39);/g,
    (whole) => ({ '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" })[whole] ?? whole,
  );

/** The forms of a page with the fields that stand in them. */
function formsOf(text: string): { action: string; fields: Record<string, string> }[] {
  return [...text.matchAll(/<form[^>]*action="([^"]*)"[^>]*>(.*?)<\/form>/gs)].map(
    ([, action = '', inner = '']) => ({
      action: unescaped(action),
      fields: Object.fromEntries(
        [...inner.matchAll(/<input[^>]*>/g)].map(([input]) => [
          unescaped(/name="([^"]*)"/.exec(input)?.[1] ?? ''),
          unescaped(/value="([^"]*)"/.exec(input)?.[1] ?? ''),
        ]),
      ),
    }),
  );
}

/** What a page says, without its markup. */
export const wordsOf = ({ text }: Pick<Page, 'text'>): string =>
  unescaped(text.replace(/<head>.*?<\/head>/s, '').replace(/<[^>]*>/g, ' '))
    .replace(/\s+/g, ' ')
    .trim();
