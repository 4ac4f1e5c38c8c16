import { type Answer, type CallOptions, call } from './server.ts';

/** Sends a request under its key until it is not told any more that an earlier one is still running. */
export async function retryUntilAnswered(
  server: { readonly url: string; readonly token: string },
  path: string,
  json: unknown,
  key: string,
  { withinMs = 30_000, headers = {} }: { withinMs?: number; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const until = Date.now() + withinMs;
  const options: CallOptions = { json, headers: { ...headers, 'idempotency-key': key } };
  for (;;) {
    const answer = await call(server, 'POST', path, options);
    if (answer.code !== 'retry.running') return answer;
    if (Date.now() > until) throw new Error(`${path}: still running after ${withinMs} ms`);
    await new Promise((done) => setTimeout(done, 50));
  }
}
