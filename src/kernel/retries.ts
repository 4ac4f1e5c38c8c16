/** What the pipeline asks of whoever keeps the keys of requests, and what was answered to them. */

/** A request as it is told from others. */
export interface KeyedRequest {
  readonly keyHash: Buffer;
  readonly fingerprint: Buffer;
}

/** An answer as it can be sent again, byte for byte. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: string;
  /** null: no body */
  readonly body: Buffer | null;
}

/** The right to run a request, for as long as nobody took it over. */
export interface Attempt<Ctx> {
  /** What an attempt before this one did, if it did and its answer was not kept. */
  readonly earlier: { readonly effectId: string | null } | null;
  /** Runs the request so that its effect is tied to the key; refuses `retry.running` if another attempt was faster. */
  run<T>(ctx: Ctx, work: (ctx: Ctx) => Promise<T>): Promise<T>;
  keep(answer: KeptAnswer): Promise<void>;
  /** Ends the attempt without an answer: the key is free, unless something was done. */
  release(): Promise<void>;
}

export interface Retries<Ctx> {
  /**
   * The answer that was kept, or the right to run the request. Refuses `retry.other_request` and, while another attempt
   * runs, `retry.running`.
   */
  claim(ctx: Ctx, request: KeyedRequest): Promise<{ kept: KeptAnswer } | { attempt: Attempt<Ctx> }>;
}
