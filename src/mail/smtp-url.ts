import { isAddress } from '../kernel/addresses.ts';

/** How the operator names the mail server: smtp://user:password@host:port?from=…&tls=…, or smtps://. Pure. */

export interface SmtpTarget {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; otherwise by STARTTLS. */
  readonly isSecure: boolean;
  /** Whether a connection that cannot be encrypted is none. */
  readonly requiresTls: boolean;
  /** Whether TLS is left out even where the server offers it. */
  readonly ignoresTls: boolean;
  readonly user: string | null;
  readonly password: string | null;
  /** The address that messages come from. */
  readonly from: string;
}

const TLS = ['required', 'optional', 'off'] as const;
const LOOPBACK = /^(localhost|127\.|\[?::1\]?$)/i;

/** Reads SMTP_URL, or says what is wrong with it, without what is secret in it. `from` is the separate setting, which wins. */
export function readSmtpUrl(text: string, from: string | null): SmtpTarget | { fault: string } {
  if (!URL.canParse(text)) return { fault: 'is no address such as smtp://user:password@mail.example:587' };
  const url = new URL(text);
  const isSecure = url.protocol === 'smtps:';
  if (!isSecure && url.protocol !== 'smtp:') return { fault: 'must begin with smtp:// or smtps://' };
  if (url.hostname === '') return { fault: 'names no host' };
  if (!/^\/?$/.test(url.pathname)) return { fault: 'must have nothing after the port but parameters' };
  const unknown = [...url.searchParams.keys()].find((name) => name !== 'from' && name !== 'tls');
  if (unknown !== undefined)
    return { fault: `has the unknown parameter ${unknown.slice(0, 50)}; known are from and tls` };
  const sender = from ?? url.searchParams.get('from');
  if (sender === null)
    return { fault: 'needs ?from=, or ROLLBOOK_MAIL_FROM: the address that messages come from' };
  if (!isAddress(sender)) return { fault: `has no single plain address in from: ${sender.slice(0, 100)}` };
  const user = decoded(url.username);
  const password = decoded(url.password);
  if (user === undefined || password === undefined)
    return { fault: 'has a user or password with a broken % code' };
  // A password must not cross a network in the clear because a server forgot to offer encryption.
  const presumed = user !== null && !LOOPBACK.test(url.hostname) ? 'required' : 'optional';
  const tls = TLS.find((word) => word === (url.searchParams.get('tls') ?? presumed));
  if (!tls) return { fault: `tls must be one of ${TLS.join(', ')}` };
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isSecure ? 465 : 587) : Number(url.port),
    isSecure,
    requiresTls: tls === 'required',
    ignoresTls: tls === 'off',
    user,
    password,
    from: sender,
  };
}

function decoded(text: string): string | null | undefined {
  if (text === '') return null;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
