const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * By what an account is found: host[:port][/path], lower case, without scheme and trailing slash.
 * Every spelling of loopback is the same, as nobody else can have it. Null if the text is no http(s) address.
 */
export function accountKey(url: string): string | null {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(url.trim()) ? url.trim() : `https://${url.trim()}`;
  let parsed: URL;
  try {
    parsed = new URL(withScheme);
  } catch {
    return null;
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') return null;
  const host = LOOPBACK.test(parsed.hostname) ? 'localhost' : parsed.hostname.replace(/\.$/, '');
  const path = parsed.pathname.replace(/\/+$/, '').toLowerCase();
  return `${host}${parsed.port ? `:${parsed.port}` : ''}${path}`;
}
