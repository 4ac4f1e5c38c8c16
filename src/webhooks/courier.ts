import { Outbound, type OutboundOptions, Unreachable } from '../outbound/index.ts';

/** What became of a delivery: only the status of an answer counts. */
export type Delivery = { readonly status: number } | { readonly failure: string };

/** The body of an answer is not used; more of it than this, and the connection is closed. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** Delivers messages over HTTP, to public addresses only, following no redirect, and never for long. */
export class Courier {
  readonly #outbound: Outbound;

  constructor(options: OutboundOptions) {
    this.#outbound = new Outbound(options);
  }

  /** Whether it delivers to any address, and not just to public ones. */
  get allowsPrivateTargets(): boolean {
    return this.#outbound.allowsPrivateTargets;
  }

  /** One attempt. Never throws: a failure says why in words for the operator, without the address's secrets. */
  async post(url: string, body: string, headers: Readonly<Record<string, string>>): Promise<Delivery> {
    const message = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body };
    try {
      const { status } = await this.#outbound.ask(url, message, MAX_ANSWER_BYTES);
      return { status };
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      return { failure: error.reason };
    }
  }
}
