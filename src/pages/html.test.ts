import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html } from './html.ts';

test('what is put into a template is escaped, templates are not, nothing is nothing', () => {
  const hostile = `<script>alert("x")</script>&'`;
  const inner = html`<b>${hostile}</b>`;
  assert.equal(inner.text, '<b>&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;</b>');
  assert.equal(
    html`<p title="${'"'}">${inner}${null}${false}${undefined}${0}${['a', html`<i></i>`]}</p>`.text,
    `<p title="&quot;">${inner.text}0a<i></i></p>`,
  );
});
