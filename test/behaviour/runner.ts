import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { seal } from '../../src/operations/index.ts';
import { ENGINES } from '../support/database.ts';
import { everything } from '../support/people.ts';
import {
  type Answer,
  type BodyFormat,
  call,
  FORMATS,
  startWorld,
  toXmlBody,
  type World,
  type WorldOptions,
} from '../support/server.ts';

/** A scenario runs on both engines and with the body in both formats; answers are read back in both. */

export interface Stage {
  readonly world: World;
  readonly format: BodyFormat;
  /** POST with the body in the scenario's format, answered in that format. */
  post(path: string, body: Record<string, unknown>, token?: string): Promise<Answer>;
  enroll(body: Record<string, unknown>, token?: string): Promise<Answer>;
  /** Enrolls and insists on 201 with an empty body. */
  enrolled(body: Record<string, unknown>, token?: string): Promise<void>;
  /** The enrollments of a learner, read in JSON; that XML says the same is asserted on the way. */
  of(learnerId: string, token?: string): Promise<WireEnrollment[]>;
  /** Insists that what is sent is refused so, in the caller's format, and that no table changed. */
  refused(
    body: Record<string, unknown>,
    expected: { status: number; code: string; message?: RegExp; token?: string; path?: string },
  ): Promise<void>;
}

export interface WireEnrollment {
  enrollmentId: string;
  courseId: string;
  learnerId: string;
  accessDate: string;
  dueDate?: string;
  expirationDate?: string;
  enrollmentTypeGroup: number;
  shouldLockAfterDueDate: boolean;
}

export type Scenario = readonly [name: string, play: (stage: Stage) => Promise<void>];

export function scenarios(title: string, list: readonly Scenario[], options: WorldOptions = {}): void {
  for (const engine of ENGINES)
    describe(`${title} (${engine})`, () => {
      let world: World;
      before(async () => {
        world = await startWorld(engine, options);
      });
      after(() => world.close());
      for (const [name, play] of list)
        for (const format of FORMATS) test(`${name} [${format}]`, () => play(stageOf(world, format)));
    });
}

function stageOf(world: World, format: BodyFormat): Stage {
  const post: Stage['post'] = (path, body, token) =>
    call(world, 'POST', path, {
      ...(format === 'json' ? { json: body } : { xml: toXmlBody(body) }),
      accept: `application/${format}`,
      ...(token ? { token } : {}),
    });
  const enroll: Stage['enroll'] = (body, token) => post('/enrollment', body, token);
  return {
    world,
    format,
    post,
    enroll,
    enrolled: async (body, token) => {
      const answer = await enroll(body, token);
      assert.equal(answer.status, 201, answer.text);
      assert.equal(answer.text, '');
    },
    of: (learnerId, token) => readBack(world, learnerId, token),
    refused: async (body, { status, code, message, token, path = '/enrollment' }) => {
      // What is committed already gets its position now, not in between.
      await seal(world.db, world.account.accountId);
      const before = await everything(world.db);
      const answer = await post(path, body, token);
      assert.equal(`${answer.status} ${answer.code}`, `${status} ${code}`, answer.text);
      const text = errorText(answer, format, status);
      if (message) assert.match(text, message);
      assert.equal(await everything(world.db), before, 'a refused request changes no table');
    },
  };
}

/** The message of an error body, which has just the contract's members in either format. */
export function errorText(answer: Answer, format: BodyFormat, status: number): string {
  if (format === 'json') {
    const body = answer.json as { code: number; message: string };
    assert.deepEqual(Object.keys(body), ['code', 'message']);
    assert.equal(body.code, status);
    return body.message;
  }
  const match =
    /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<response><code>(\d+)<\/code><message>([\s\S]*)<\/message><\/response>$/.exec(
      answer.text,
    );
  assert.ok(match, answer.text);
  assert.equal(Number(match[1]), status);
  return (match[2] ?? '')
    .replaceAll('&apos;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&');
}

async function readBack(world: World, learnerId: string, token?: string): Promise<WireEnrollment[]> {
  const options = token ? { token } : {};
  const json = await call(world, 'GET', `/enrollment?learnerIds[]=${learnerId}`, options);
  assert.equal(json.status, 200, json.text);
  const list = json.json as WireEnrollment[];
  const xml = await call(world, 'GET', `/enrollment?learnerIds[]=${learnerId}`, { ...options, accept: null });
  assert.deepEqual(fromXml(xml.text), list);
  return list;
}

/** Just enough XML to compare: the enrollments that are children of the root. */
function fromXml(text: string): unknown[] {
  return [...text.matchAll(/<enrollment>(.*?)<\/enrollment>/g)].map(([, inner = '']) =>
    Object.fromEntries(
      [...inner.matchAll(/<(\w+)>(.*?)<\/\1>/g)].map(([, name = '', value = '']) => {
        if (name === 'shouldLockAfterDueDate') return [name, value === '1'];
        return [name, name === 'enrollmentTypeGroup' ? Number(value) : value];
      }),
    ),
  );
}
