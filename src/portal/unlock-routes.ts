import { askToUnlock } from '../enrollment/index.ts';
import type { PageAnswer } from '../http/page.ts';
import { Refusal } from '../kernel/errors.ts';
import { readMine } from '../learning/index.ts';
import { itemPage } from './learning-pages.ts';
import { idOf, readerOf, redirect, shown, type Visit } from './visit.ts';

/** Asking to unlock: once, whatever was clicked; what cannot be sent is kept. */

export async function askFor(visit: Visit): Promise<PageAnswer> {
  const enrollmentId = idOf(visit.request.params['enrollmentId']);
  const message = (visit.request.form.get('message') ?? '').replace(/\r\n?/g, '\n');
  const path = `/my/learning/${enrollmentId}`;
  try {
    await visit.run((ctx) => askToUnlock(ctx, enrollmentId, message));
    return redirect(`${path}?asked=1`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // Somebody gave more time meanwhile.
    if (error.code === 'unlock.not_locked') return redirect(`${path}?unlocked=1`);
    if (error.code !== 'request.invalid') throw error;
    const item = await visit.run((ctx) => readMine(ctx, enrollmentId));
    return shown(itemPage(readerOf(visit), item, null, { message, isTooLong: true }), 400);
  }
}
