import net from 'node:net';

/** A request whose client is gone before it is answered. */
export interface CutRequest {
  readonly path: string;
  readonly body: string;
  readonly headers?: Record<string, string>;
  /** How much of the body is sent: 1 for all of it. */
  readonly part: number;
  /** How long the client stays. */
  readonly afterMs: number;
}

/** POSTs so much of the request, JSON unless a header says otherwise, and is gone after so long. */
export async function hangUp(
  server: { readonly url: string; readonly token: string },
  { path, body, headers = {}, part, afterMs }: CutRequest,
): Promise<void> {
  const all = { 'content-type': 'application/json', ...headers };
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: localhost',
    `authorization: Bearer ${server.token}`,
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(all).map(([name, value]) => `${name}: ${value}`),
  ];
  const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise((done) => socket.once('connect', done));
  socket.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, Math.floor(body.length * part))}`);
  await new Promise((done) => setTimeout(done, afterMs));
  socket.destroy();
}
