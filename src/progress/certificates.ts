import { type Context, reachOf, signingKeyOf } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import { linkUnder } from '../kernel/links.ts';
import type { Database, ReadTx } from '../storage/index.ts';
import * as queries from './certificate-queries.ts';
import type { Pair } from './queries.ts';
import { isCodeSigned, isSigned, readCode, readLink, signCode, signLink } from './signing.ts';

export interface IssuedCertificate {
  readonly certificateId: string;
  readonly issuedAt: Date;
}

/** Which of these enrollments have a certificate, or had by an instant: one statement however many they are. */
export async function certificatesOf(
  tx: ReadTx,
  accountId: number,
  terms: readonly queries.Term[],
  at: Date | null,
): Promise<(pair: Pair) => IssuedCertificate | undefined> {
  const found = terms.length > 0 ? await queries.latestOf(tx, accountId, terms, at) : [];
  const byPair = new Map(found.map((row) => [`${row.learnerId} ${row.itemId}`, row]));
  return (pair) => byPair.get(`${pair.learnerId} ${pair.itemId}`);
}

/** How long a link to a certificate holds: the contract's ten minutes. */
const LINK_LIFETIME_MS = 600_000;

/**
 * A link to the certificate of a current enrollment. An unknown one is 404 for callers who see the whole account; to
 * others it is as a foreign one: 403.
 */
export async function linkTo(ctx: Context, certificateId: string): Promise<string> {
  const reach = reachOf(ctx.caller, 'enrollment.read');
  const { accountId } = ctx.caller;
  if (!(await ctx.read((tx) => queries.isCurrent(tx, accountId, certificateId, reach))))
    refuse(reach === 'everyone' ? 'certificate.unknown' : 'auth.certificate_scope', { ids: certificateId });
  return signedLink(ctx, certificateId);
}

/** The same of a certificate of the caller's own, whether its enrollment still runs or not. Refuses any other like an unknown one. */
export async function linkToOwn(ctx: Context, certificateId: string): Promise<string> {
  const { accountId, userId } = ctx.caller;
  if (!(await ctx.read((tx) => queries.isOf(tx, accountId, certificateId, userId))))
    refuse('certificate.unknown', { ids: certificateId });
  return signedLink(ctx, certificateId);
}

async function signedLink(ctx: Context, certificateId: string): Promise<string> {
  const { accountId } = ctx.caller;
  const { key, accountUrl } = (await signerOf(ctx.db, accountId)) ?? refuse('certificate.unknown');
  // Whole seconds, as JSON Web Tokens have them.
  const expiresAt = new Date(Math.floor((ctx.now.getTime() + LINK_LIFETIME_MS) / 1000) * 1000);
  const token = signLink(key, { accountId, certificateId, expiresAt });
  return linkUnder(accountUrl, `/download/v1/certificate/${certificateId}?token=${token}`);
}

/** The account's key, made when it is first needed. */
async function signerOf(
  db: Database,
  accountId: number,
): Promise<{ key: Buffer; accountUrl: string } | null> {
  const signer = await db.read((tx) => queries.findSigner(tx, accountId));
  if (!signer) return null;
  const key = signer.key ?? (await signingKeyOf(db, accountId));
  return { ...signer, key };
}

/** A certificate and where anybody can verify it. */
export interface PrintedCertificate extends queries.Certificate {
  readonly verifyUrl: string;
}

/** The certificate that a link leads to; whoever has the link may have it. Refuses a broken or expired link (403). */
export async function openLink(
  { db, now }: Pick<Context, 'db' | 'now'>,
  certificateId: string,
  token: string,
): Promise<PrintedCertificate> {
  const claim = readLink(token) ?? refuse('certificate.link');
  const key = (await db.read((tx) => queries.findSigner(tx, claim.accountId)))?.key;
  if (!key || !isSigned(key, token)) refuse('certificate.link');
  if (claim.certificateId !== certificateId || now >= claim.expiresAt) refuse('certificate.link');
  const certificate =
    (await db.read((tx) => queries.findCertificate(tx, claim.accountId, certificateId))) ??
    refuse('certificate.unknown');
  const code = signCode(key, claim);
  return { ...certificate, verifyUrl: linkUnder(certificate.accountUrl, `/certificate/verify/${code}`) };
}

/** The certificate that carries a code, or null: the code was not made here. */
export async function verify({ db }: Pick<Context, 'db'>, code: string): Promise<queries.Certificate | null> {
  const claim = readCode(code);
  if (!claim) return null;
  const key = (await db.read((tx) => queries.findSigner(tx, claim.accountId)))?.key;
  if (!key || !isCodeSigned(key, code, claim)) return null;
  return db.read((tx) => queries.findCertificate(tx, claim.accountId, claim.certificateId));
}
