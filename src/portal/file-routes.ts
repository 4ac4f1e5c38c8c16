import { act, findSigningKey, type Sessions, signingKeyOf } from '../access/index.ts';
import { answerWith, answerWithEntry, type FileAnswer, showingOf } from '../files/index.ts';
import type { PageAnswer, PageRequest, PageRoute } from '../http/page.ts';
import { HOUR_MS } from '../kernel/dates.ts';
import { refuse } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import {
  keepAttempt,
  type MaterialPlace,
  type MyMaterial,
  readAttempt,
  readMaterial,
} from '../learning/index.ts';
import type { Database } from '../storage/index.ts';
import { isMaterialSigned, readMaterialLink, signMaterial } from './content-link.ts';
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

const attemptPath = ({ enrollmentId, moduleId }: MaterialPlace): string =>
  `/my/learning/${enrollmentId}/attempt${moduleId ? `/${moduleId}` : ''}`;

/** What packages suspend is long, and longer in a form. */
const MAX_ATTEMPT_BYTES = 1024 * 1024;

/** `visited` makes a page for who is signed in. */
export const fileRoutes = (
  parts: FileParts,
  visited: (
    method: 'GET' | 'POST',
    path: string,
    answer: (visit: Visit) => Promise<PageAnswer>,
    maxFormBytes?: number,
  ) => PageRoute,
): PageRoute[] => [
  ...['', '/{moduleId}'].flatMap((module) => {
    const at = (what: string): string => `/my/learning/{enrollmentId}/${what}${module}`;
    return [
      visited('GET', at('material'), (visit) => showMaterial(visit, parts)),
      visited('GET', at('file'), (visit) => sendFile(visit, parts)),
      visited('POST', at('attempt'), keepSaid, MAX_ATTEMPT_BYTES),
    ];
  }),
  ...['', '/*'].map(
    (path): PageRoute => ({
      method: 'GET',
      path: `/file/{token}${path}`,
      run: (request) => sendLinkedFile(request, parts),
    }),
  ),
];

/** What the page of a package heard it say. */
async function keepSaid(visit: Visit): Promise<PageAnswer> {
  await visit.run((ctx) => keepAttempt(ctx, placeOf(visit), visit.request.form.get('data') ?? ''));
  return { status: 204, headers: {}, body: '' };
}

/** The page of a material with its file in it, or a link to it. */
async function showMaterial(visit: Visit, parts: FileParts): Promise<PageAnswer> {
  const material = await visit.run((ctx) => readMaterial(ctx, placeOf(visit)));
  const address = await addressOf(visit, material, parts);
  const answer = shown(materialPage(readerOf(visit), material, address));
  return { ...answer, headers: materialHeaders(parts.contentUrl) };
}

async function addressOf(
  { session, run }: Visit,
  material: MyMaterial,
  { db, contentUrl, clock }: FileParts,
): Promise<Address> {
  const isApart = contentUrl !== null;
  const isPackage = showingOf(material.file.mediaType) === 'package';
  // What is within a package is found by paths, and asks without cookies.
  if (!isApart && !isPackage) return { url: filePath(material), isApart };
  const { accountId } = session.caller;
  const { enrollmentId, moduleId } = material;
  const token = signMaterial(await signingKeyOf(db, accountId), {
    accountId,
    sessionHash: sha256(session.token),
    enrollmentId,
    moduleId,
    expiresAt: new Date(clock().getTime() + LINK_LASTS_MS),
  });
  const url = `${contentUrl ?? ''}/file/${token}`;
  if (!isPackage) return { url, isApart };
  const { manifest } = await run((ctx) => readAttempt(ctx, material));
  return { url: `${url}/${manifest.launch}`, isApart, attemptPath: attemptPath(material) };
}

/** The file for the session of whoever may see it; where there is an origin for it, only there. */
async function sendFile(visit: Visit, { db, contentUrl }: FileParts): Promise<PageAnswer> {
  if (contentUrl !== null) return refuse('learning.unknown');
  const material = await visit.run((ctx) => readMaterial(ctx, placeOf(visit)));
  return answerOf(db, visit.session.caller.accountId, visit.request, material, false);
}

/**
 * The file, or one within a package, for whoever has a link to it, as long as the session that it was made for may see it.
 * From our own host only what is within packages.
 */
async function sendLinkedFile(request: PageRequest, parts: FileParts): Promise<PageAnswer> {
  const { db, sessions, contentUrl, clock } = parts;
  const isApart = contentUrl !== null;
  const path = request.params['*'];
  const isHere = isApart
    ? request.headers.host?.toLowerCase() === new URL(contentUrl).host
    : path !== undefined;
  const token = request.params['token'] ?? '';
  const claim = isHere ? readMaterialLink(token) : null;
  const now = clock();
  if (!claim || claim.accountId > 0x7fffffff || claim.expiresAt <= now) return refuse('learning.unknown');
  const { accountId } = claim;
  const key = await db.read((tx) => findSigningKey(tx, accountId));
  if (!key || !isMaterialSigned(key, token)) return refuse('learning.unknown');
  // As the owner of the session is now.
  const establish = async () =>
    (await sessions.callerOf(accountId, claim.sessionHash)) ?? refuse('learning.unknown');
  return act(db, { source: 'portal', now, requestId: request.id, establish }, async (ctx) => {
    const material = await readMaterial(ctx, claim);
    if (path === undefined) return answerOf(db, accountId, request, material, true);
    const launch = async () => {
      const { manifest, learnerId, learnerName, attempt } = await readAttempt(ctx, material);
      return { ...manifest, learnerId, learnerName, attempt };
    };
    const { fileId } = material.file;
    const answer = await answerWithEntry(db, { accountId, fileId, path }, isApart, launch);
    return answer ?? refuse('learning.unknown');
  });
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
