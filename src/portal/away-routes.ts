import type { PageAnswer } from '../http/page.ts';
import { refuse } from '../kernel/errors.ts';
import { readMine } from '../learning/index.ts';
import { html, page } from '../pages/index.ts';
import { idOf, redirect, shown, type Visit } from './visit.ts';

/**
 * The way to a link elsewhere. Browsers stop a form that ends at another site, as the policy of our pages asks (form-action); so the
 * form ends here, and the page leads on.
 */

export interface Place {
  readonly enrollmentId: string;
  readonly moduleId: string | undefined;
  /** Within a learning track. */
  readonly courseId: string | undefined;
}

export const awayPath = ({ enrollmentId, moduleId, courseId }: Place): string => {
  const query = new URLSearchParams({ ...(moduleId && { moduleId }), ...(courseId && { courseId }) });
  return `/my/learning/${enrollmentId}/away${query.size > 0 ? `?${query}` : ''}`;
};

export async function showAway(visit: Visit): Promise<PageAnswer> {
  const { query, params } = visit.request;
  const id = (name: string): string | undefined =>
    query.has(name) ? idOf(query.get(name) ?? '') : undefined;
  const place = {
    enrollmentId: idOf(params['enrollmentId']),
    moduleId: id('moduleId'),
    courseId: id('courseId'),
  };
  const { learning, modules } = await visit.run((ctx) =>
    readMine(ctx, place.enrollmentId, place.courseId ?? null),
  );
  const { moduleId } = place;
  const target = moduleId === undefined ? learning : modules.find((module) => module.moduleId === moduleId);
  if (!target?.url) return refuse('learning.unknown');
  // It may have closed since the form was sent.
  if (learning.closed !== null) return redirect(`/my/learning/${place.enrollmentId}`);
  const { language } = visit;
  const answer = shown(
    page(
      visit.frame,
      target.title,
      html`<p>${language.say('item.away', { host: new URL(target.url).host })}</p>
<p class="actions"><a class="button" href="${target.url}" rel="noopener noreferrer">${language.say('item.goOn')}</a></p>`,
    ),
  );
  return { ...answer, headers: { ...answer.headers, refresh: `0; url=${new URL(target.url).href}` } };
}
