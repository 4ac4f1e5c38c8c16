import { MAX_UNLOCK_TEXT } from '../enrollment/index.ts';
import type { MyItem } from '../learning/index.ts';
import { csrfField, type Html, html } from '../pages/index.ts';
import type { Reader } from './learning-pages.ts';

/** On the page of what is locked: asking for more time, and what became of that. */

/** What was typed, where that could not be sent. */
export interface Asking {
  readonly message: string;
  readonly isTooLong: boolean;
}
export const NOT_ASKING: Asking = { message: '', isTooLong: false };

export function unlockPart(reader: Reader, { learning, unlock }: MyItem, asking: Asking): Html {
  const { language } = reader.frame;
  if (!unlock) return form(reader, learning.enrollmentId, asking);
  const { askedAt, message, declinedAt, answer } = unlock;
  return html`<div class="note">
<p>${language.say('unlock.asked', { date: language.exact(askedAt) })}</p>
${message && html`<p class="written" dir="auto">${message}</p>`}
${
  declinedAt
    ? html`<p>${language.say('unlock.declined', { date: language.exact(declinedAt) })}</p>${answer && html`<p class="written" dir="auto">${answer}</p>`}`
    : html`<p>${language.say('unlock.waiting')}</p>`
}
</div>`;
}

function form(
  { frame: { language }, csrf }: Reader,
  enrollmentId: string,
  { message, isTooLong }: Asking,
): Html {
  return html`<form class="short" method="post" action="/my/learning/${enrollmentId}/unlock" novalidate>${csrfField(csrf)}
<label for="message">${language.say('unlock.message')}</label>
<textarea id="message" name="message" dir="auto" aria-describedby="message-hint${isTooLong && ' message-fault'}"${isTooLong && html` aria-invalid="true" autofocus`}>
${message}</textarea>
<p class="hint" id="message-hint">${language.say('unlock.hint', { most: MAX_UNLOCK_TEXT })}</p>
${isTooLong && html`<p class="fault" id="message-fault" role="alert">${language.say('unlock.tooLong', { most: MAX_UNLOCK_TEXT, n: message.length })}</p>`}
<button>${language.say('unlock.ask')}</button>
</form>`;
}
