import net from 'node:net';

/** A request whose client is gone before it is answered. */
export interface CutRequest {
  readonly path: string;
  readonly body: string;
  readonly headers?: Record<string, string>;
  readonly cut: Cut;
}

/** Where the connection breaks. */
export type Cut =
  /** So much of the body is sent, 1 for all of it, and after so long the client is gone. */
  | { readonly part: number; readonly afterMs: number }
  /** The same by a share of the whole request: it may break within its head. */
  | { readonly ofRequest: number; readonly afterMs: number }
  /** All is sent, and so many bytes of the answer are read. */
  | { readonly answerBytes: number };

/** POSTs a request, JSON unless a header says otherwise, over a connection that breaks; the bytes of the answer that came. */
export async function hangUp(
  server: { readonly url: string; readonly token: string },
  { path, body, headers = {}, cut }: CutRequest,
): Promise<number> {
  const all = { 'content-type': 'application/json', ...headers };
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: localhost',
    'connection: close',
    `authorization: Bearer ${server.token}`,
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(all).map(([name, value]) => `${name}: ${value}`),
  ];
  const request = Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
  const sent =
    'ofRequest' in cut
      ? request.length * cut.ofRequest
      : request.length - ('part' in cut ? Buffer.byteLength(body) * (1 - cut.part) : 0);
  const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  let came = 0;
  await new Promise((done) => socket.once('connect', done));
  socket.write(request.subarray(0, Math.floor(sent)));
  if ('afterMs' in cut) await new Promise((done) => setTimeout(done, cut.afterMs));
  else
    await new Promise<void>((done) => {
      socket.once('close', done);
      // Never more is read than is wanted: the server meets the break while it has the rest to send.
      socket.on('readable', () => {
        for (;;) {
          const some = socket.read(
            Math.min(cut.answerBytes - came, socket.readableLength) || 1,
          ) as Buffer | null;
          came += some?.length ?? 0;
          if (came >= cut.answerBytes) return done();
          if (some === null) return;
        }
      });
    });
  socket.resetAndDestroy();
  return came;
}
