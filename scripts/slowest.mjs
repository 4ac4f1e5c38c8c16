/** A reporter for node:test that tells which files took longest, so that it is seen what a run under 20 minutes is spent on. */

const SHOWN = 15;

export default async function* slowest(source) {
  const secondsOf = new Map();
  for await (const { type, data } of source) {
    if (!/^test:(pass|fail)$/.test(type) || data.nesting > 0 || !data.file) continue;
    const file = data.file.replace(/^.*\/dist\//, '');
    secondsOf.set(file, (secondsOf.get(file) ?? 0) + data.details.duration_ms / 1000);
  }
  const longest = [...secondsOf].sort(([, one], [, other]) => other - one).slice(0, SHOWN);
  yield `\nSlowest: ${longest.map(([file, seconds]) => `${file} ${seconds.toFixed(0)} s`).join(', ')}\n`;
}
