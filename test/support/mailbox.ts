import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import type { MailConfig } from '../../src/config.ts';

/** A message that a mail server took. */
export interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it came. */
  readonly source: string;
}

/** What the server says to a recipient or a message instead of taking it, by response code and text. */
export interface SmtpRefusal {
  readonly code: number;
  readonly text: string;
}

export interface MailboxOptions {
  readonly port?: number;
  /** Called with each recipient. */
  readonly onRecipient?: (address: string) => SmtpRefusal | null;
  /** Called when a message is complete, before it is answered. */
  readonly onMail?: (mail: TakenMail) => SmtpRefusal | null | Promise<SmtpRefusal | null>;
}

export interface Mailbox {
  readonly port: number;
  readonly taken: TakenMail[];
  /** How the program is told to use it. */
  readonly config: MailConfig;
  close(): Promise<void>;
}

export const FROM = 'academy@mail.example';

/** The settings that lead to a mail server on a port of loopback. */
export const mailTo = (port: number, more: Partial<MailConfig> = {}): MailConfig => ({
  target: {
    host: '127.0.0.1',
    port,
    isSecure: false,
    requiresTls: false,
    ignoresTls: true,
    user: null,
    password: null,
    from: FROM,
  },
  connections: 5,
  maxAgeHours: 72,
  ...more,
});

const refusalError = ({ code, text }: SmtpRefusal): Error =>
  Object.assign(new Error(text), { responseCode: code });

/** What a message ends with whose client is gone. */
const HUNG_UP: readonly string[] = ['ECONNECTION', 'ERR_STREAM_PREMATURE_CLOSE'];

/** A real mail server on loopback that keeps what it takes. */
export async function startMailbox(options: MailboxOptions = {}): Promise<Mailbox> {
  const taken: TakenMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    logger: false,
    // Connections that are kept for the next message do not keep the server.
    closeTimeout: 500,
    onRcptTo: ({ address }, _session, answer) => {
      const refusal = options.onRecipient?.(address) ?? null;
      answer(refusal && refusalError(refusal));
    },
    onData: async (stream, session, answer) => {
      const parts: Buffer[] = [];
      try {
        for await (const part of stream) parts.push(part as Buffer);
      } catch (error) {
        // Its client went away, or was killed, in the middle: there is no message, and nobody to answer.
        if (HUNG_UP.includes((error as NodeJS.ErrnoException).code ?? '')) return;
        throw error;
      }
      const { mailFrom, rcptTo } = session.envelope;
      const mail = {
        from: mailFrom ? mailFrom.address : '',
        to: rcptTo.map(({ address }) => address),
        source: Buffer.concat(parts).toString('utf8'),
      };
      const refusal = (await options.onMail?.(mail)) ?? null;
      if (refusal) return answer(refusalError(refusal));
      taken.push(mail);
      answer();
    },
  });
  // A client that goes away in the middle is no failure of the server.
  server.on('error', () => undefined);
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  // A server that a test forgets does not keep the process.
  server.server.unref();
  return {
    port,
    taken,
    config: mailTo(port),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
      }),
  };
}

/** A port of loopback on which nobody listens. */
export async function freePort(): Promise<number> {
  const mailbox = await startMailbox();
  await mailbox.close();
  return mailbox.port;
}

/** As a mail program reads it. */
export const parsed = (mail: TakenMail | undefined): Promise<ParsedMail> => {
  if (!mail) throw new Error('there is no such message');
  return simpleParser(mail.source);
};

/** A header's text as it came, unfolded; undefined where there is none. */
export function rawHeader(mail: TakenMail, name: string): string | undefined {
  const head = (mail.source.split(/\r?\n\r?\n/)[0] ?? '').replace(/\r?\n[ \t]+/g, ' ');
  const lines = head.split(/\r?\n/).filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  if (lines.length > 1) throw new Error(`${name} ${lines.length} times`);
  return lines[0]?.slice(name.length + 1).trim();
}
