import { hash } from 'node:crypto';

/** SHA-256 of text (as UTF-8) or bytes at hand: 32 bytes. In one call, which leaves no hash object to be collected. */
export const sha256 = (data: string | Buffer): Buffer => hash('sha256', data, 'buffer');
