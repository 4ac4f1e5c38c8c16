import { decodeBody } from '../src/http/body.ts';
import { validate } from '../src/http/decode.ts';
import { idSet, object, oneOf } from '../src/http/wire.ts';
import { newId } from '../src/kernel/ids.ts';
import { startBare } from './bare.ts';
import { type Figure, figure, median, millisecondsOf, type Part, round } from './support.ts';

/** Bodies of many ids: decoded and validated, and how long a large one holds the event loop. */

const IDS = 10_000;
const ROUNDS = 20;
const MANY_IDS = 500_000;
const HOLD_MS = 10;

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

/** How long a server without a database is held at longest while it takes a large body, once per round. */
async function holdsOf(kind: 'json' | 'xml', times: number): Promise<number[]> {
  const bare = await startBare();
  const send = async (body: Buffer): Promise<void> => {
    const answer = await fetch(`${bare.url}/enrollment`, {
      method: 'POST',
      body: new Uint8Array(body),
      headers: { 'content-type': `application/${kind}` },
    });
    if (answer.status !== 201) throw new Error(`POST /enrollment answered ${answer.status}`);
  };
  const holds: number[] = [];
  try {
    // The first starts the thread.
    await send(bodies(IDS)[kind]);
    for (let n = 0; n < times; n++) {
      const body = bodies(MANY_IDS)[kind];
      await bare.longestHold();
      await send(body);
      holds.push(await bare.longestHold());
    }
  } finally {
    await bare.close();
  }
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
      const hold = median(await holdsOf(kind, times));
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
