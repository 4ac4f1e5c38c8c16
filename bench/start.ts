import { temporaryFolder } from '../test/support/database.ts';
import { serve } from '../test/support/process.ts';
import { type Figure, median, type Part, round } from './support.ts';

/** From the command to the first answered request, on the embedded engine. */

async function startOnce(folder: string): Promise<number> {
  const from = performance.now();
  const running = await serve(['--data', folder]);
  const answer = await fetch(`${running.url}/readyz`);
  const took = performance.now() - from;
  if (answer.status !== 200) throw new Error(`/readyz answered ${answer.status}`);
  await running.end('SIGTERM');
  return took / 1000;
}

export const start: Part = {
  name: 'start',
  run: async ({ times }) => {
    const [empty, existing]: [number[], number[]] = [[], []];
    for (let n = 0; n < times; n++) {
      const folder = temporaryFolder();
      empty.push(await startOnce(folder));
      existing.push(await startOnce(folder));
    }
    const against = (work: string, value: number, limit: number): Figure => ({
      part: 'start',
      engine: 'embedded',
      work,
      value: round(value),
      unit: 's',
      against: 'the limit',
      base: limit,
      ratio: round(value / limit),
      goal: { at: 'most', ratio: 1 },
    });
    return [
      against('rollbook serve on an existing folder, to the first answer', median(existing), 3),
      against('the same on an empty one, demo account included', median(empty), 8),
    ];
  },
};
