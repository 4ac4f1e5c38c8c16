import { isShown, packageSandbox, showingOf } from '../files/index.ts';
import type { MyMaterial } from '../learning/index.ts';
import { type Html, html, PACKAGE_SCRIPT_PATH, PAGE_HEADERS, page } from '../pages/index.ts';
import { isDone } from '../progress/index.ts';
import { isSelfReported } from '../results/index.ts';
import { act, type Reader } from './learning-pages.ts';

/** The page that shows the file of a material. */

/** Where the file is. */
export interface Address {
  readonly url: string;
  /** On an origin of its own. */
  readonly isApart: boolean;
  /** Where what a package says goes. */
  readonly attemptPath?: string;
}

/** As of every page, and the file may stand in it. */
export function materialHeaders(contentUrl: string | null): Record<string, string> {
  const source = contentUrl ?? "'self'";
  const policy = PAGE_HEADERS['content-security-policy'].replace(
    "img-src 'self' data:",
    `img-src 'self' data: ${source}; media-src ${source}; frame-src ${source}`,
  );
  return { ...PAGE_HEADERS, 'content-security-policy': policy };
}

export function materialPage(reader: Reader, material: MyMaterial, address: Address): Html {
  const { language } = reader.frame;
  const { enrollmentId, moduleId, courseId, title, contentType, progress } = material;
  const back = `/my/learning/${enrollmentId}${courseId ? `/${courseId}` : ''}`;
  const mayBeDone = !isDone(progress.status) && isSelfReported(contentType, false);
  return page(
    reader.frame,
    title,
    html`${embedded(reader, material, address)}
<div class="actions">
${links(reader, material, address)}
${
  mayBeDone &&
  act(
    reader,
    { enrollmentId },
    'done',
    { moduleId: moduleId ?? undefined, courseId: courseId ?? undefined },
    { label: 'item.done', named: 'item.doneNamed', title },
  )
}
</div>
<p><a href="${back}">${language.say(moduleId ? 'material.back' : 'seats.back')}</a></p>`,
  );
}

/** What a browser shows by itself stands in the page; without script, and with the browser's own controls. */
function embedded(reader: Reader, { file, title }: MyMaterial, address: Address): Html | null {
  const { url } = address;
  switch (showingOf(file.mediaType)) {
    case 'image':
      return html`<p class="material"><img src="${url}" alt="${title}"></p>`;
    case 'video':
      return html`<p class="material"><video src="${url}" controls preload="metadata" aria-label="${title}"></video></p>`;
    case 'audio':
      return html`<p class="material"><audio src="${url}" controls preload="metadata" aria-label="${title}"></audio></p>`;
    case 'page':
      return html`<p class="material"><iframe src="${url}" title="${title}" sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe></p>`;
    case 'package':
      return packageFrame(reader, title, address);
    default:
      return html`<p>${reader.frame.language.say('material.elsewhere')}</p>`;
  }
}

/** A package runs in a window of its own, and talks to a script of this page. */
const packageFrame = (
  { frame: { language }, csrf }: Reader,
  title: string,
  { url, isApart, attemptPath }: Address,
): Html => html`<noscript><p class="note late">${language.say('material.needsScript')}</p></noscript>
<p class="note late" role="alert" data-fault hidden>${language.say('material.notKept')}</p>
<p class="material"><iframe src="${url}" title="${title}" sandbox="${packageSandbox(isApart)}" allow="autoplay; fullscreen" data-commit="${attemptPath ?? ''}" data-csrf="${csrf}"></iframe></p>
<script src="${PACKAGE_SCRIPT_PATH}" defer></script>`;

/** What is not shown in the page is opened beside it, or kept. */
function links({ frame: { language } }: Reader, { file }: MyMaterial, { url, isApart }: Address): Html {
  const showing = showingOf(file.mediaType);
  const opensAlone = showing === 'page' || (showing === 'pdf' && isShown(file.mediaType, isApart));
  const isKept = showing === 'pdf' || showing === 'download';
  return html`${opensAlone && html`<a class="button" href="${url}" target="_blank" rel="noopener">${language.say('material.open')}</a>`}
${isKept && html`<a class="button" href="${url}?download">${language.say('material.download')}</a>`}`;
}
