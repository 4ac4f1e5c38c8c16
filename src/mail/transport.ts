import { createTransport } from 'nodemailer';
import type { SmtpTarget } from './smtp-url.ts';

/** One message as it is handed to the mail server. */
export interface Envelope {
  /** Without brackets; the same for every attempt at the same message. */
  readonly messageId: string;
  readonly date: Date;
  readonly fromName: string;
  readonly replyTo: string | null;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly locale: string;
  /** Where one click stops what this is; null where nothing is to be stopped. */
  readonly unsubscribeUrl: string | null;
}

/** What the mail server made of it. Statuses and codes only: what it says in words may name somebody. */
export type Handover =
  | { readonly is: 'accepted' }
  /** This message, or its recipient. */
  | { readonly is: 'refused'; readonly isForever: boolean; readonly status: string }
  /** The server, or our way to it: no other message would fare better. */
  | { readonly is: 'unavailable'; readonly status: string };

const CONNECT_MS = 10_000;
const SILENCE_MS = 20_000;
/** Less than a message is held for one sender. */
const HANDOVER_MS = 30_000;
/** Some servers end a connection after a hundred. */
const MESSAGES_PER_CONNECTION = 100;

/** The way to the operator's mail server: connections that are kept for the next message. */
export class Transport {
  readonly #pool;
  readonly #from: string;

  constructor(target: SmtpTarget, connections: number) {
    this.#from = target.from;
    this.#pool = createTransport({
      pool: true,
      host: target.host,
      port: target.port,
      secure: target.isSecure,
      requireTLS: target.requiresTls,
      ignoreTLS: target.ignoresTls,
      ...(target.user === null ? {} : { auth: { user: target.user, pass: target.password ?? '' } }),
      maxConnections: connections,
      maxMessages: MESSAGES_PER_CONNECTION,
      // A connection that the server ended while it was idle costs one more attempt, not a failure.
      maxRequeues: 1,
      connectionTimeout: CONNECT_MS,
      dnsTimeout: CONNECT_MS,
      greetingTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  /** Never throws: whatever goes wrong is an answer. */
  async send(envelope: Envelope): Promise<Handover> {
    const { unsubscribeUrl } = envelope;
    try {
      await this.#pool.sendMail({
        messageId: `<${envelope.messageId}>`,
        date: envelope.date,
        from: { name: envelope.fromName, address: this.#from },
        to: { name: '', address: envelope.to },
        ...(envelope.replyTo ? { replyTo: { name: '', address: envelope.replyTo } } : {}),
        subject: envelope.subject,
        text: envelope.text,
        html: envelope.html,
        xMailer: false,
        headers: {
          'Auto-Submitted': 'auto-generated',
          'Content-Language': envelope.locale,
          ...(unsubscribeUrl
            ? {
                'List-Unsubscribe': `<${unsubscribeUrl}>`,
                'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
              }
            : {}),
        },
        signal: AbortSignal.timeout(HANDOVER_MS),
      });
      return { is: 'accepted' };
    } catch (error) {
      return failureOf(error as SmtpError);
    }
  }

  close(): void {
    this.#pool.close();
  }
}

interface SmtpError {
  readonly code?: string;
  readonly command?: string;
  readonly response?: string;
  readonly responseCode?: number;
}

/** What was answered to RCPT TO and DATA concerns the message; everything else concerns the server. */
export function failureOf({ code, command, response, responseCode }: SmtpError): Handover {
  const status = statusOf(response, responseCode) ?? code ?? 'error';
  const isOfMessage =
    (code === 'EENVELOPE' || code === 'EMESSAGE') &&
    (command === 'RCPT TO' || command === 'DATA' || command === 'API');
  // 421: the server is about to go; 503: the session was in a wrong state, whatever the message.
  if (!isOfMessage || responseCode === 421 || responseCode === 503) return { is: 'unavailable', status };
  const isForever = responseCode === undefined || responseCode >= 500;
  return { is: 'refused', isForever, status };
}

/** `550 5.1.1` of `550 5.1.1 <ann@example.org>: no such user`. */
const statusOf = (response = '', responseCode?: number): string | null => {
  const enhanced = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1];
  return responseCode === undefined
    ? null
    : [String(responseCode), ...(enhanced ? [enhanced] : [])].join(' ');
};
