import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { ENGINES } from '../support/database.ts';
import { codeIn, type Receiver, startReceiver } from '../support/receiver.ts';
import { type Answer, call, startWorld, type World } from '../support/server.ts';

for (const engine of ENGINES)
  describe(`confirmation (${engine})`, () => {
    let world: World;
    before(async () => {
      world = await startWorld(engine);
    });
    after(() => world.close());

    let serial = 0;
    const post = (path: string, json: Record<string, unknown>): Promise<Answer> =>
      call(world, 'POST', `/webhook/${path}`, { json });
    const done = async (answer: Promise<Answer>): Promise<Answer> => {
      const { status, text } = await answer;
      assert.equal(`${status} ${text}`, '200 ');
      return answer;
    };
    const register = async (receiver: Pick<Receiver, 'url'>, secret?: string): Promise<string> => {
      const subscriberName = `subscriber ${++serial}`;
      await done(post('register', { subscriberName, callbackUrl: receiver.url, secret }));
      return subscriberName;
    };
    const isConfirmed = async (subscriberName: string): Promise<boolean> => {
      const path = `/webhook/subscriber/info?subscriberName=${encodeURIComponent(subscriberName)}`;
      const { confirmationStatus } = (await call(world, 'GET', path)).json as { confirmationStatus: string };
      return confirmationStatus === 'CONFIRMED';
    };

    test('the message: a CONFIRMATION whose payload is a text that holds the code, signed', async () => {
      const receiver = await startReceiver();
      const subscriberName = await register(receiver, 'its secret');
      await done(post('code/send', { subscriberName }));
      const [message, ...others] = receiver.received;
      assert.ok(message);
      assert.equal(others.length, 0);
      assert.equal(message.method, 'POST');
      assert.equal(message.headers['content-type'], 'application/json');
      const code = codeIn(message.body);
      assert.match(code, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      assert.equal(
        message.body,
        JSON.stringify({ type: 'CONFIRMATION', payloads: [JSON.stringify({ code })] }),
      );
      assert.equal(
        message.headers['x-hub-signature'],
        createHash('sha256').update(`${message.body}its secret`).digest('hex'),
      );
      await receiver.close();
    });

    test('without a secret, and after it is taken away, no signature is sent', async () => {
      const receiver = await startReceiver();
      const subscriberName = await register(receiver, 'a secret');
      await done(post('settings/change', { subscriberName, callbackUrl: receiver.url }));
      await done(post('code/send', { subscriberName }));
      await done(post('settings/change', { subscriberName, callbackUrl: receiver.url, secret: '' }));
      await done(post('code/send', { subscriberName }));
      assert.deepEqual(
        receiver.received.map(({ headers }) => [
          'x-hub-signature' in headers,
          'webhook-signature' in headers,
          'webhook-id' in headers,
        ]),
        [
          [true, true, true],
          [false, false, true],
        ],
      );
      await receiver.close();
    });

    test('a receiver confirms and subscribes from inside the confirmation request, then answers 500', async () => {
      const inside: string[] = [];
      const receiver = await startReceiver(async ({ body }, response) => {
        const confirmed = await post('confirm', { subscriberName, code: codeIn(body) });
        const subscribed = await post('subscribe', {
          subscriberName,
          subscription: { subscriptionType: 'LEARNERS_ENROLLED_IN_COURSE' },
        });
        inside.push(`${confirmed.status} ${subscribed.status}`);
        response.writeHead(500).end();
      });
      const subscriberName = await register(receiver);
      const sent = await done(post('code/send', { subscriberName }));
      assert.equal(sent.headers.get('rollbook-delivery'), 'answered 500');
      assert.deepEqual(inside, ['200 200']);
      assert.equal(await isConfirmed(subscriberName), true);
      await receiver.close();
    });

    test('sending again makes earlier codes void; the last one may come twice', async () => {
      const receiver = await startReceiver();
      const subscriberName = await register(receiver);
      await done(post('code/send', { subscriberName }));
      await done(post('code/send', { subscriberName }));
      const [first = '', second = ''] = receiver.received.map(({ body }) => codeIn(body));
      const early = await post('confirm', { subscriberName, code: first });
      assert.equal(`${early.status} ${early.code}`, '400 webhook.wrong_code');
      assert.equal(await isConfirmed(subscriberName), false);
      await done(post('confirm', { subscriberName, code: second }));
      await done(post('confirm', { subscriberName, code: second }));
      await done(post('code/send', { subscriberName }));
      assert.equal(await isConfirmed(subscriberName), true, 'a new code does not take the confirmation away');
      await receiver.close();
    });

    test('a code of one subscriber confirms no other', async () => {
      const receiver = await startReceiver();
      const [one, other] = [await register(receiver), await register(receiver)];
      await done(post('code/send', { subscriberName: one }));
      await done(post('code/send', { subscriberName: other }));
      const code = codeIn(receiver.received[0]?.body ?? '');
      assert.equal((await post('confirm', { subscriberName: other, code })).status, 400);
      assert.equal((await post('confirm', { subscriberName: one, code })).status, 200);
      await receiver.close();
    });

    test('an address where nobody listens, and one that never answers, are told and not refused', async () => {
      const gone = await startReceiver();
      const subscriberName = await register(gone);
      await gone.close();
      const sent = await done(post('code/send', { subscriberName }));
      assert.equal(sent.headers.get('rollbook-delivery'), 'failed: the connection was refused');
    });

    test('of registrations of one name at the same time one wins', async () => {
      const answers = await Promise.all(
        Array.from({ length: 8 }, () =>
          post('register', { subscriberName: 'contested', callbackUrl: 'http://receiver.example' }),
        ),
      );
      const codes = answers.map(({ status, code }) => `${status} ${code}`).sort();
      assert.deepEqual(codes, ['200 null', ...Array(7).fill('400 webhook.name_taken')]);
    });

    test('the secret may be spelled Secret, in JSON, XML and forms', async () => {
      const receiver = await startReceiver();
      const callbackUrl = receiver.url;
      const member = { Secret: 'spelled so' };
      await done(post('register', { subscriberName: 'in json', callbackUrl, ...member }));
      await done(
        call(world, 'POST', '/webhook/register', {
          xml: `<r><subscriberName>in xml</subscriberName><callbackUrl>${callbackUrl}</callbackUrl><Secret>spelled so</Secret></r>`,
        }),
      );
      await done(
        call(world, 'POST', '/webhook/register', {
          form: { subscriberName: 'in a form', callbackUrl, ...member },
        }),
      );
      for (const subscriberName of ['in json', 'in xml', 'in a form'])
        await done(post('code/send', { subscriberName }));
      for (const { body, headers } of receiver.received)
        assert.equal(
          headers['x-hub-signature'],
          createHash('sha256').update(`${body}spelled so`).digest('hex'),
        );
      assert.equal(receiver.received.length, 3);
      await receiver.close();
    });

    test('another account has names of its own', async () => {
      const { createAccount } = await import('../../src/people/index.ts');
      const { requestToken } = await import('../support/server.ts');
      const account = await createAccount(world.db, {
        name: 'Other',
        url: 'https://other.example',
        ownerLogin: 'owner',
        ownerEmail: 'owner@other.example',
        ownerPassword: 'p',
        plan: 'business',
        now: world.clock.now,
      });
      const token = await requestToken(world.url, account.clientId, account.clientSecret);
      const json = { subscriberName: 'shared name', callbackUrl: 'http://receiver.example' };
      await done(call(world, 'POST', '/webhook/register', { json }));
      const path = '/webhook/subscriber/info?subscriberName=shared%20name';
      assert.equal((await call(world, 'GET', path, { token })).status, 404);
      await done(call(world, 'POST', '/webhook/register', { json, token }));
      assert.equal((await call(world, 'GET', path, { token })).status, 200);
    });
  });
