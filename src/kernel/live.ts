/** The connection of a request whose answer goes on for long, and the rights of whoever waits for it. */
export interface Live<Ctx> {
  /** Runs work for the caller as they are now: credentials and rights are judged anew. Throws what refuses them. */
  again<T>(work: (ctx: Ctx) => Promise<T>): Promise<T>;
  /** Tells when the client has gone, or has its answer; until the returned function is called. */
  whenGone(then: () => void): () => void;
  /** Breaks the connection. */
  hangUp(): void;
}
