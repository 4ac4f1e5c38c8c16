import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { type Received, startReceiver } from '../support/receiver.ts';
import { startWorld, type World } from '../support/server.ts';
import { confirmed, enroll, subscribe } from './telling.ts';

/** What we sign is checked by the library of Standard Webhooks, as a receiver would, from what arrived. */

const SPELLED = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const PLAIN = 'a plain sécret';

const headersOf = ({ headers }: Received): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

const refuses = (webhook: Webhook, body: string, headers: Record<string, string>): void =>
  assert.throws(() => webhook.verify(body, headers), WebhookVerificationError);

for (const engine of ENGINES)
  describe(`signatures as Standard Webhooks (${engine})`, () => {
    let world: World;
    before(async () => {
      world = await startWorld(engine);
    });
    after(() => world.close());

    /** The confirmation and a message about an event, as they arrived. */
    async function receivedBy(secret: string): Promise<Received[]> {
      const receiver = await startReceiver();
      await subscribe(world, await confirmed(world, receiver, secret));
      await enroll(world, [await addCourse(world)], [await addUser(world)]);
      await world.app.dispatcher.round();
      assert.equal(receiver.received.length, 2);
      await receiver.close();
      return receiver.received;
    }

    for (const [what, secret, libraries] of [
      ['in their spelling', SPELLED, [new Webhook(SPELLED)]],
      [
        'as plain text',
        PLAIN,
        [
          new Webhook(Buffer.from(PLAIN, 'utf8'), { format: 'raw' }),
          new Webhook(`whsec_${Buffer.from(PLAIN).toString('base64')}`),
        ],
      ],
    ] as const)
      test(`a secret ${what}: the library accepts every message, and nothing that was changed or is old`, async () => {
        const stranger = new Webhook(Buffer.from('another secret').toString('base64'));
        for (const message of await receivedBy(secret))
          for (const library of libraries) {
            const { body } = message;
            const headers = headersOf(message);
            assert.deepEqual(library.verify(body, headers), JSON.parse(body));
            refuses(library, body.replace('"type"', '"Type"'), headers);
            refuses(library, `${body} `, headers);
            refuses(stranger, body, headers);
            refuses(library, body, { ...headers, 'webhook-id': 'msg_other' });
            const seconds = Number(headers['webhook-timestamp']);
            refuses(library, body, { ...headers, 'webhook-timestamp': String(seconds + 1) });
            // Signed well, six minutes ago.
            const old = new Date((seconds - 360) * 1000);
            const signature = library.sign(headers['webhook-id'] ?? '', old, body);
            refuses(library, body, {
              ...headers,
              'webhook-timestamp': String(seconds - 360),
              'webhook-signature': signature,
            });
          }
      });

    test('what was delivered long ago is refused when it is sent again as it was', async () => {
      const { now } = world.clock;
      world.clock.now = new Date(now.getTime() - 6 * 60_000);
      const [message] = await receivedBy(SPELLED);
      world.clock.now = now;
      assert.ok(message);
      assert.throws(() => new Webhook(SPELLED).verify(message.body, headersOf(message)), /too old/);
    });
  });
