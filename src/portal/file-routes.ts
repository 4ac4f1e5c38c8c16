import { createContext, findSigningKey, type Sessions, StaleRights, signingKeyOf } from '../access/index.ts';
import { answerWith, type FileAnswer } from '../files/index.ts';
import type { PageAnswer, PageRequest } from '../http/page.ts';
import { HOUR_MS } from '../kernel/dates.ts';
import { refuse } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { type MaterialPlace, type MyMaterial, readMaterial } from '../learning/index.ts';
import type { Database } from '../storage/index.ts';
import { isMaterialSigned, type LinkClaim, readMaterialLink, signMaterial } from './content-link.ts';
import { type Address, materialHeaders, materialPage } from './file-pages.ts';
import { idOf, readerOf, shown, type Visit } from './visit.ts';

/** Files of materials: the page that shows one, and the file itself, from our address or from one apart. */

export interface FileParts {
  readonly db: Database;
  readonly sessions: Sessions;
  /** The origin of what users upload; null: ours. */
  readonly contentUrl: string | null;
  readonly clock: () => Date;
}

/** A long film is looked at in one go. What is closed meanwhile, or signed out of, is closed for the link, too. */
const LINK_LASTS_MS = 6 * HOUR_MS;

const placeOf = ({ request: { params } }: Visit): MaterialPlace => ({
  enrollmentId: idOf(params['enrollmentId']),
  moduleId: params['moduleId'] === undefined ? null : idOf(params['moduleId']),
});

export const materialPath = ({ enrollmentId, moduleId }: MaterialPlace): string =>
  `/my/learning/${enrollmentId}/material${moduleId ? `/${moduleId}` : ''}`;
const filePath = ({ enrollmentId, moduleId }: MaterialPlace): string =>
  `/my/learning/${enrollmentId}/file${moduleId ? `/${moduleId}` : ''}`;

/** The page of a material with its file in it, or a link to it. */
export async function showMaterial(visit: Visit, parts: FileParts): Promise<PageAnswer> {
  const material = await visit.run((ctx) => readMaterial(ctx, placeOf(visit)));
  const address = await addressOf(visit, material, parts);
  const answer = shown(materialPage(readerOf(visit), material, address));
  return { ...answer, headers: materialHeaders(parts.contentUrl) };
}

async function addressOf(
  { session }: Visit,
  material: MyMaterial,
  { db, contentUrl, clock }: FileParts,
): Promise<Address> {
  if (contentUrl === null) return { url: filePath(material), isApart: false };
  const { accountId } = session.caller;
  const { enrollmentId, moduleId } = material;
  const token = signMaterial(await signingKeyOf(db, accountId), {
    accountId,
    sessionHash: sha256(session.token),
    enrollmentId,
    moduleId,
    expiresAt: new Date(clock().getTime() + LINK_LASTS_MS),
  });
  return { url: `${contentUrl}/file/${token}`, isApart: true };
}

/** The file for the session of whoever may see it; where there is an origin for it, only there. */
export async function sendFile(visit: Visit, { db, contentUrl }: FileParts): Promise<PageAnswer> {
  if (contentUrl !== null) return refuse('learning.unknown');
  const material = await visit.run((ctx) => readMaterial(ctx, placeOf(visit)));
  return answerOf(db, visit.session.caller.accountId, visit.request, material, false);
}

/** The file for whoever has a link to it, as long as the session that it was made for may see it. */
export async function sendLinkedFile(request: PageRequest, parts: FileParts): Promise<PageAnswer> {
  const { db, contentUrl, clock } = parts;
  const isApart = contentUrl !== null && request.headers.host?.toLowerCase() === new URL(contentUrl).host;
  const token = request.params['token'] ?? '';
  const claim = isApart ? readMaterialLink(token) : null;
  const now = clock();
  if (!claim || claim.accountId > 0x7fffffff || claim.expiresAt <= now) return refuse('learning.unknown');
  const { accountId } = claim;
  const key = await db.read((tx) => findSigningKey(tx, accountId));
  if (!key || !isMaterialSigned(key, token)) return refuse('learning.unknown');
  return answerOf(db, accountId, request, await readClaimed(parts, claim, now, request.id), true);
}

const MAX_STALE = 20;

/** As the owner of the session is now. */
async function readClaimed(
  { db, sessions }: FileParts,
  claim: LinkClaim,
  now: Date,
  requestId: string,
): Promise<MyMaterial> {
  for (let attempt = 1; ; attempt++) {
    const caller =
      (await sessions.callerOf(claim.accountId, claim.sessionHash)) ?? refuse('learning.unknown');
    const ctx = createContext({
      db,
      now,
      caller,
      requestId,
      source: 'portal',
      locale: null,
      wantsObject: false,
      preferences: new Map(),
    });
    try {
      return await readMaterial(ctx, claim);
    } catch (error) {
      if (!(error instanceof StaleRights)) throw error;
      if (attempt >= MAX_STALE) refuse('server.busy', { seconds: 1 });
    }
  }
}

function answerOf(
  db: Database,
  accountId: number,
  { headers, query }: PageRequest,
  { file, title }: MyMaterial,
  isApart: boolean,
): PageAnswer {
  const text = (name: string): string | undefined => headers[name]?.toString();
  const asked = {
    range: text('range'),
    ifRange: text('if-range'),
    ifNoneMatch: text('if-none-match'),
  };
  const serving = { title, isApart, isDownload: query.has('download') };
  const answer: FileAnswer = answerWith(db, accountId, file, asked, serving);
  return { ...answer, body: answer.body ?? '' };
}
