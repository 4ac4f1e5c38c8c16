import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a receiver of webhooks was sent. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  close(): Promise<void>;
}

type Answering = (request: Received, response: http.ServerResponse) => void | Promise<void>;

/** A real HTTP server on loopback that keeps what it is sent and answers 200 unless told otherwise. */
export async function startReceiver(
  answering: Answering = (_request, response) => void response.end(),
): Promise<Receiver> {
  const received: Received[] = [];
  const server = http.createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { method = '', url = '', headers } = request;
    const got = { method, path: url, headers, body: Buffer.concat(parts).toString('utf8') };
    received.push(got);
    await answering(got, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  // A receiver that a test forgets does not keep the process.
  server.unref();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** The code in a confirmation message. */
export function codeIn(body: string): string {
  const { payloads } = JSON.parse(body) as { payloads: [string] };
  return (JSON.parse(payloads[0]) as { code: string }).code;
}
