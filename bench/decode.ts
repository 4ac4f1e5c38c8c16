import { decodeBody } from '../src/http/body.ts';
import { validate } from '../src/http/decode.ts';
import { ids, object, oneOf } from '../src/http/wire.ts';
import { newId } from '../src/kernel/ids.ts';
import { type Figure, figure, millisecondsOf, type Part } from './support.ts';

/** Bodies of many ids, decoded and validated. */

const IDS = 10_000;
const ROUNDS = 20;

const Body = object({
  courseIds: ids({ min: 1 }),
  learnerIds: ids({ min: 1 }),
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

export const decode: Part = {
  name: 'decode',
  run: async ({ times }) => {
    const { json, xml } = bodies(IDS);
    const measured: Record<'json' | 'xml', number[]> = { json: [], xml: [] };
    for (let n = 0; n < ROUNDS * times; n++) {
      measured.json.push(await millisecondsOf(() => read('json', json)));
      measured.xml.push(await millisecondsOf(() => read('xml', xml)));
    }
    const figures: Figure[] = [
      figure(
        {
          part: 'decode',
          engine: 'none',
          work: `an XML body of ${IDS} ids, decoded and validated`,
          unit: 'ms',
          against: 'the same in JSON',
          goal: { at: 'most', ratio: 4 },
        },
        measured.xml,
        measured.json,
      ),
    ];
    return figures;
  },
};
