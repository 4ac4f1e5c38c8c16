import { decodeBody } from '../src/http/body.ts';
import { validate } from '../src/http/decode.ts';
import { Decoder } from '../src/http/decoder.ts';
import { idSet, object, oneOf } from '../src/http/wire.ts';
import { newId } from '../src/kernel/ids.ts';
import { type Figure, figure, millisecondsOf, type Part, round } from './support.ts';

/** Bodies of many ids: decoded and validated, and how long a large one holds the event loop. */

const IDS = 10_000;
const ROUNDS = 20;
const MANY_IDS = 500_000;
const HOLD_MS = 10;
const SETTLE_MS = 1_000;

const Body = object({
  courseIds: idSet({ min: 1 }),
  learnerIds: idSet({ min: 1 }),
  dueDateType: oneOf('unlimited'),
});

function bodies(total: number): { json: Buffer; xml: Buffer } {
  const learnerIds = Array.from({ length: total }, newId);
  const courseIds = [newId()];
  const list = (values: readonly string[]): string => values.map((id) => `<id>${id}</id>`).join('');
  return {
    json: Buffer.from(JSON.stringify({ courseIds, learnerIds, dueDateType: 'unlimited' })),
    xml: Buffer.from(
      `<request><courseIds>${list(courseIds)}</courseIds><learnerIds>${list(learnerIds)}</learnerIds><dueDateType>unlimited</dueDateType></request>`,
    ),
  };
}

async function read(kind: 'json' | 'xml', bytes: Buffer): Promise<void> {
  const plain = await decodeBody(Body.shape, bytes, kind, `application/${kind}`, {});
  if (validate(Body, plain).learnerIds.length !== IDS) throw new Error('ids were lost');
}

/** The longest time between two turns of the event loop while work goes on. */
async function longestHold(work: Promise<unknown>): Promise<number> {
  let [longest, last, isOver] = [0, performance.now(), false];
  const over = work.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await new Promise((done) => setImmediate(done));
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }
  await over;
  return longest;
}

async function holdOf(kind: 'json' | 'xml', times: number): Promise<number[]> {
  const decoder = new Decoder();
  const holds: number[] = [];
  const prepared = Array.from({ length: times }, () => bodies(MANY_IDS)[kind]);
  // What making the bodies left behind is not to be collected while they are read.
  await new Promise((done) => setTimeout(done, SETTLE_MS));
  for (const bytes of prepared) {
    const work = decoder
      .decode(Body.shape, bytes, kind, `application/${kind}`, {})
      .then((plain) => validate(Body, plain));
    holds.push(await longestHold(work));
  }
  await decoder.close();
  return holds;
}

export const decode: Part = {
  name: 'decode',
  run: async ({ times }) => {
    const { json, xml } = bodies(IDS);
    const measured: Record<'json' | 'xml', number[]> = { json: [], xml: [] };
    for (let n = 0; n < ROUNDS * times; n++) {
      measured.json.push(await millisecondsOf(() => read('json', json)));
      measured.xml.push(await millisecondsOf(() => read('xml', xml)));
    }
    const about = { part: 'decode', engine: 'none', unit: 'ms' } as const;
    const figures: Figure[] = [
      figure(
        {
          ...about,
          work: `an XML body of ${IDS} ids, decoded and validated`,
          against: 'the same in JSON',
          goal: { at: 'most', ratio: 4 },
        },
        measured.xml,
        measured.json,
      ),
    ];
    for (const kind of ['json', 'xml'] as const) {
      const hold = Math.max(...(await holdOf(kind, times)));
      figures.push({
        ...about,
        work: `a body of ${MANY_IDS} ids in ${kind.toUpperCase()}: the longest hold of the event loop`,
        value: round(hold),
        against: 'the limit',
        base: HOLD_MS,
        ratio: round(hold / HOLD_MS),
        goal: { at: 'most', ratio: 1 },
      });
    }
    return figures;
  },
};
