import { BlockList, isIP } from 'node:net';

/**
 * Which addresses of the network a request may be sent to: public ones. Where to is chosen by whoever
 * administers an account, not by whoever runs the server, so it must not reach what only the server reaches.
 */

const SPECIAL_V4: readonly [string, number][] = [
  ['0.0.0.0', 8], // unspecified, "this network"
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // shared by carriers
  ['127.0.0.0', 8], // loopback
  ['169.254.0.0', 16], // link-local, the clouds' metadata
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // protocol assignments
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16], // private
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
];

/** Of IPv6 just this is public; loopback, link-local, local, multicast, IPv4-mapped and NAT64 lie outside. */
const GLOBAL_V6: readonly [string, number] = ['2000::', 3];
const SPECIAL_V6: readonly [string, number][] = [
  ['2001::', 23], // protocol assignments, Teredo
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4, which carries an IPv4 address
  ['3fff::', 20], // documentation
];

// Lists apart: one list would also judge IPv4-mapped addresses by the IPv4 rules.
const specialV4 = new BlockList();
for (const [net, bits] of SPECIAL_V4) specialV4.addSubnet(net, bits, 'ipv4');
const globalV6 = new BlockList();
globalV6.addSubnet(...GLOBAL_V6, 'ipv6');
const specialV6 = new BlockList();
for (const [net, bits] of SPECIAL_V6) specialV6.addSubnet(net, bits, 'ipv6');

/** Whether a literal address is one of the public internet. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !specialV4.check(address, 'ipv4');
  // A zone belongs to link-local addresses.
  if (family === 0 || address.includes('%')) return false;
  return globalV6.check(address, 'ipv6') && !specialV6.check(address, 'ipv6');
}

/**
 * Why an address cannot be called back, or null: not http or https, or this machine or a private network by its very
 * spelling. Where a name leads may change, and is judged at every request (outbound.ts).
 */
export function objectionToUrl(text: string, allowPrivateTargets: boolean): string | null {
  if (!URL.canParse(text)) return 'must be an http or https address';
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must be an http or https address';
  if (url.username || url.password) return 'must not carry a login or password';
  return allowPrivateTargets || !isPrivateHost(url.hostname)
    ? null
    : 'must be an address of the public internet';
}

/** Whether a host, as URLs spell it, is this machine by its very spelling. */
export const isLoopbackHost = (hostname: string): boolean =>
  /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);

/** Whether a host, as URLs spell it, is a literal address that is not public, or a name of this machine. */
function isPrivateHost(hostname: string): boolean {
  const literal = hostname.replace(/^\[|\]$/g, '');
  return isIP(literal) ? !isPublicAddress(literal) : /(^|\.)localhost\.?$/.test(hostname);
}
