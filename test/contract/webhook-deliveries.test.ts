import { addCourse, addUser } from '../support/people.ts';
import { codeIn, type Receiver, startReceiver } from '../support/receiver.ts';
import { call, type World } from '../support/server.ts';
import { contract, type Refused, type Row, type Stage } from './runner.ts';
import type { Names } from './template.ts';

/** The log of deliveries and replays, which are ours. */

const receivers = new WeakMap<World, Receiver>();

async function setup(world: World): Promise<Names> {
  const receiver = await startReceiver(({ body }, response) => {
    response.writeHead(body.includes('CONFIRMATION') ? 200 : 404).end('later');
  });
  receivers.set(world, receiver);
  return { hook: receiver.url };
}

let serial = 0;
const registered = async ({ world }: Stage): Promise<Names> => {
  const name = `logged ${++serial}`;
  await call(world, 'POST', '/webhook/register', {
    json: { subscriberName: name, callbackUrl: receivers.get(world)?.url },
  });
  return { name, query: encodeURIComponent(name) };
};
const confirmed = async (stage: Stage): Promise<Names> => {
  const { world } = stage;
  const names = await registered(stage);
  const subscriberName = names['name'];
  await call(world, 'POST', '/webhook/code/send', { json: { subscriberName } });
  const code = codeIn(receivers.get(world)?.received.at(-1)?.body ?? '');
  await call(world, 'POST', '/webhook/confirm', { json: { subscriberName, code } });
  const subscription = { subscriptionType: 'LEARNERS_ENROLLED_IN_COURSE' };
  await call(world, 'POST', '/webhook/subscribe', { json: { subscriberName, subscription } });
  return names;
};
/** … that answered 404 to a message about an enrollment. */
const failing = async (stage: Stage): Promise<Names> => {
  const names = await confirmed(stage);
  const { world } = stage;
  const courseIds = [await addCourse(world)];
  await call(world, 'POST', '/enrollment', {
    json: { courseIds, learnerIds: [await addUser(world)], dueDateType: 'unlimited' },
  });
  await world.app.dispatcher.round();
  const answer = await call(world, 'GET', `/webhook/deliveries?subscriberName=${names['query']}`);
  const { deliveries } = answer.json as { deliveries: { deliveryId: string; messageId: string }[] };
  const [{ deliveryId, messageId } = { deliveryId: '', messageId: '' }] = deliveries;
  return { ...names, deliveryId, messageId };
};

const invalid = (message: string): Refused => ({ refused: 'request.invalid', status: 400, message });
const UNKNOWN: Refused = {
  refused: 'webhook.unknown_subscriber',
  status: 404,
  message: 'Subscriber not found',
};
const replay = (body: Record<string, unknown>, expect: Row['expect']) =>
  ({ method: 'POST', path: '/webhook/replay', body: { subscriberName: '{name}', ...body }, expect }) as const;
const STARTED = {
  status: 202,
  json: { replayId: '{*uuid}' },
  xml: '<response><replayId>{*uuid}</replayId></response>',
} as const;
const deliveries = (query: string, expect: Row['expect']) =>
  ({ method: 'GET', path: `/webhook/deliveries?subscriberName={query}${query}`, expect }) as const;
const NONE = {
  status: 200,
  json: { deliveries: [] },
  xml: '<response><deliveries></deliveries></response>',
} as const;
const UNKNOWN_ID = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

contract('deliveries of webhooks', setup, [
  {
    name: 'GET /webhook/deliveries',
    given: failing,
    ...deliveries('&state=retrying&from=2026-03-02&to=2026-03-03', {
      status: 200,
      json: {
        deliveries: [
          {
            deliveryId: '{deliveryId}',
            messageId: '{messageId}',
            subscriptionType: 'LEARNERS_ENROLLED_IN_COURSE',
            events: 1,
            state: 'retrying',
            attempts: 1,
            status: 404,
            durationMs: '{*integer}',
            createdAt: '2026-03-02T09:30:00+00:00',
            finishedAt: '2026-03-02T09:30:00+00:00',
          },
        ],
      },
      xml: `<response><deliveries><delivery>
        <deliveryId>{deliveryId}</deliveryId>
        <messageId>{messageId}</messageId>
        <subscriptionType>LEARNERS_ENROLLED_IN_COURSE</subscriptionType>
        <events>1</events>
        <state>retrying</state>
        <attempts>1</attempts>
        <status>404</status>
        <durationMs>{*integer}</durationMs>
        <createdAt>2026-03-02T09:30:00+00:00</createdAt>
        <finishedAt>2026-03-02T09:30:00+00:00</finishedAt>
      </delivery></deliveries></response>`,
    }),
    afterwards: [
      deliveries('&state=delivered', NONE),
      deliveries('&to=2026-03-02', NONE),
      deliveries(
        '&state=sent',
        invalid('state: must be one of pending, retrying, delivered, lost, got sent.'),
      ),
      deliveries('&pageToken=x', {
        refused: 'request.page_token',
        status: 400,
        message: 'pageToken: x is not a token of this list.',
      }),
      { method: 'GET', path: '/webhook/deliveries?subscriberName=nobody', expect: UNKNOWN },
      {
        method: 'GET',
        path: '/webhook/deliveries',
        expect: invalid('subscriberName: is required.'),
      },
    ],
  },
  {
    name: 'POST /webhook/replay of deliveries, and another beside it',
    given: failing,
    ...replay({ deliveryIds: ['{deliveryId}'] }, STARTED),
    afterwards: [
      replay(
        { from: '2026-03-02' },
        {
          refused: 'webhook.replay_running',
          status: 409,
          message: 'The subscriber {name} is being told again what happened, and not to the end yet.',
        },
      ),
    ],
  },
  {
    name: 'POST /webhook/replay of a time',
    given: confirmed,
    ...replay({ from: '2026-03-02T09:00:00Z', to: '2026-03-02T09:10:00Z' }, STARTED),
  },
  {
    name: 'POST /webhook/replay of nothing, of both, of a time that ends before it begins, of too many or unknown deliveries',
    given: confirmed,
    ...replay({}, invalid('from: is required, or deliveryIds.')),
    afterwards: [
      replay(
        { from: '2026-03-02', deliveryIds: [UNKNOWN_ID] },
        invalid('deliveryIds: cannot be given together with from or to.'),
      ),
      replay({ from: '2026-03-02', to: '2026-03-01' }, invalid('to: must be later than from.')),
      replay(
        { deliveryIds: [UNKNOWN_ID] },
        {
          refused: 'webhook.unknown_delivery',
          status: 400,
          message: `deliveryIds: ${UNKNOWN_ID} is no delivery to this subscriber.`,
        },
      ),
      replay({ deliveryIds: ['x'] }, invalid('deliveryIds[0]: must be a UUID, got x.')),
      { ...replay({ from: '2026-03-02' }, UNKNOWN), body: { subscriberName: 'nobody', from: '2026-03-02' } },
      replay({ from: '2026-03-02' }, STARTED),
    ],
  },
  {
    name: 'POST /webhook/replay to who is not confirmed',
    given: registered,
    ...replay(
      { from: '2026-03-02' },
      {
        refused: 'webhook.not_told',
        status: 409,
        message: 'The subscriber {name} is told of nothing: it is not confirmed.',
      },
    ),
  },
]);
