import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { accentsOf, contrast, DARK_GROUND, LIGHT_GROUND } from './colours.ts';

test('contrast as WCAG computes it', () => {
  assert.equal(contrast('#000000', '#ffffff'), 21);
  assert.equal(contrast('#777777', '#777777'), 1);
  assert.equal(contrast('#767676', '#ffffff').toFixed(2), '4.54');
});

test('whatever colour is picked, text in it and on it is readable in both themes', () => {
  const channel = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(channel, channel, channel, (red, green, blue) => {
      const hex = `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
      const { light, dark } = accentsOf(hex);
      for (const [accent, ground] of [
        [light, LIGHT_GROUND],
        [dark, DARK_GROUND],
      ] as const) {
        assert.ok(contrast(accent.text, ground) >= 4.5, `${hex}: ${accent.text} on ${ground}`);
        assert.ok(contrast(accent.onFill, accent.fill) >= 4.5, `${hex}: ${accent.onFill} on ${accent.fill}`);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a colour that is readable already stays as it is', () => {
  assert.equal(accentsOf('#1d4ed8').light.text, '#1d4ed8');
});
