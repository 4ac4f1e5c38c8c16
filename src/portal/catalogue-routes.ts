import type { Enrollments } from '../enrollment/index.ts';
import type { PageAnswer } from '../http/page.ts';
import { Refusal } from '../kernel/errors.ts';
import { isUuid } from '../kernel/ids.ts';
import { enrollMyself, readCatalogue } from '../learning/index.ts';
import type { Key } from '../pages/index.ts';
import { cataloguePage } from './catalogue-pages.ts';
import { idOf, readerOf, redirect, shown, type Visit } from './visit.ts';

/** Looking for something to learn, and enrolling oneself. */

export function showCatalogue(visit: Visit): Promise<PageAnswer> {
  const { query } = visit.request;
  const after = query.get('after') ?? '';
  const place = isUuid(after) ? { title: query.get('title') ?? '', itemId: after } : null;
  return answerWith(visit, (query.get('q') ?? '').trim().slice(0, 100), place, null, 200);
}

export async function enrollFromCatalogue(visit: Visit, enrollments: Enrollments): Promise<PageAnswer> {
  const itemId = idOf(visit.request.params['itemId']);
  try {
    const enrollmentId = await visit.run((ctx) => enrollMyself(ctx, enrollments, itemId));
    return redirect(`/my/learning/${enrollmentId}?enrolled=1`);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'learning.not_offered') throw error;
    return answerWith(visit, '', null, 'catalogue.notOffered', error.status);
  }
}

async function answerWith(
  visit: Visit,
  words: string,
  after: { title: string; itemId: string } | null,
  fault: Key | null,
  status: number,
): Promise<PageAnswer> {
  const found = await visit.run((ctx) => readCatalogue(ctx, words, after));
  return shown(cataloguePage(readerOf(visit), { ...found, words, fault }), status);
}
