import { addUser } from '../support/people.ts';
import { codeIn, type Receiver, startReceiver } from '../support/receiver.ts';
import { call, type World } from '../support/server.ts';
import { contract, type Expected, type Refused, type Row, type Stage } from './runner.ts';
import type { Names } from './template.ts';

/** Section 10 of the contract: administration of webhooks. */

const receivers = new WeakMap<World, Receiver>();

async function setup(world: World): Promise<Names> {
  const receiver = await startReceiver((_request, response) => void response.writeHead(404).end('later'));
  receivers.set(world, receiver);
  return {
    hook: receiver.url,
    manager: await world.tokenOf(
      await addUser(world, { role: 'department_administrator', manages: [world.account.rootDepartmentId] }),
    ),
    administrator: await world.tokenOf(
      await addUser(world, { role: 'administrator', login: 'admin', password: 'a plain password' }),
    ),
  };
}

const DONE: Expected = { status: 200 };
const UNKNOWN: Refused = {
  refused: 'webhook.unknown_subscriber',
  status: 404,
  message: 'Subscriber not found',
};
const FORBIDDEN: Refused = { refused: 'auth.role', status: 403, message: 'Permission denied.' };
const invalid = (message: string): Refused => ({ refused: 'request.invalid', status: 400, message });

const post = (path: string, body: Record<string, unknown>, expect: Row['expect'] = DONE) =>
  ({ method: 'POST', path: `/webhook/${path}`, body, expect }) as const;

let serial = 0;
const newSubscriber = async ({ world }: Stage): Promise<Names> => {
  const name = `subscriber ${++serial}`;
  const json = { subscriberName: name, callbackUrl: receivers.get(world)?.url, secret: 's' };
  const answer = await call(world, 'POST', '/webhook/register', { json });
  if (answer.status !== 200) throw new Error(answer.text);
  return { name, query: encodeURIComponent(name) };
};
/** … that has been sent a code: `{code}`. */
const awaiting = async (stage: Stage): Promise<Names> => {
  const names = await newSubscriber(stage);
  await call(stage.world, 'POST', '/webhook/code/send', { json: { subscriberName: names['name'] } });
  return { ...names, code: codeIn(receivers.get(stage.world)?.received.at(-1)?.body ?? '') };
};
const confirmed = async (stage: Stage): Promise<Names> => {
  const names = await awaiting(stage);
  await call(stage.world, 'POST', '/webhook/confirm', {
    json: { subscriberName: names['name'], code: names['code'] },
  });
  return names;
};
const subscribed = async (stage: Stage): Promise<Names> => {
  const names = await newSubscriber(stage);
  const subscription = { subscriptionType: 'LEARNERS_ENROLLED_IN_COURSE', params: [] };
  await call(stage.world, 'POST', '/webhook/subscribe', {
    json: { subscriberName: names['name'], subscription },
  });
  return names;
};

const info = (subscriber: string, confirmation: string, process: string) =>
  ({
    method: 'GET',
    path: '/webhook/subscriber/info?subscriberName={query}',
    expect: {
      status: 200,
      json: {
        subscriberStatus: subscriber,
        confirmationStatus: confirmation,
        notificationProcessStatus: process,
      },
      xml: `<response>
        <subscriberStatus>${subscriber}</subscriberStatus>
        <confirmationStatus>${confirmation}</confirmationStatus>
        <notificationProcessStatus>${process}</notificationProcessStatus>
      </response>`,
    },
  }) as const;
const subscriptions = (json: unknown, xml: string) =>
  ({
    method: 'GET',
    path: '/webhook/subscription/list?subscriberName={query}',
    expect: { status: 200, json, xml },
  }) as const;
const NONE = subscriptions([], '<response/>');

const ID = '0193e1c4-7b1a-7c3f-9d2e-4f5a6b7c8d9e';
const subscribe = (type: string, params: readonly { name: string; value: string }[]) => ({
  body: { subscriberName: '{name}', subscription: { subscriptionType: type, params } },
  xmlBody: `<request><subscriberName>{name}</subscriberName><subscription>
      <subscriptionType>${type}</subscriptionType>
      <params>${params.map(({ name, value }) => `<param><name>${name}</name><value>${value}</value></param>`).join('')}</params>
    </subscription></request>`,
});

const registering: readonly Row[] = [
  {
    name: 'POST /webhook/register',
    ...post('register', { subscriberName: 'n8n', callbackUrl: '{hook}/hook?a=1', secret: 'se & cret' }),
    afterwards: [
      {
        ...info('ACTIVE', 'UNCONFIRMED', 'INACTIVE'),
        path: '/webhook/subscriber/info?subscriberName=n8n',
      },
    ],
  },
  {
    name: 'POST /webhook/register by an administrator, with a token and with the legacy headers, without a secret',
    ...post('register', { subscriberName: 'by administrator', callbackUrl: '{hook}' }),
    as: 'administrator',
    afterwards: [
      {
        ...post('register', { subscriberName: 'by legacy', callbackUrl: '{hook}' }),
        as: 'nobody',
        headers: {
          'x-auth-account-url': 'https://academy.example/',
          'x-auth-email': 'admin',
          'x-auth-password': 'a plain password',
        },
      },
    ],
  },
  {
    name: 'POST /webhook/register with a taken name',
    given: newSubscriber,
    ...post(
      'register',
      { subscriberName: '{name}', callbackUrl: '{hook}' },
      {
        refused: 'webhook.name_taken',
        status: 400,
        message: 'subscriberName: {name} is taken by another subscriber.',
      },
    ),
  },
  {
    name: 'POST /webhook/register with 256 characters, with another scheme, with a login',
    ...post(
      'register',
      {
        subscriberName: 'n'.repeat(256),
        callbackUrl: `http://x.example/${'p'.repeat(255)}`,
        secret: 's'.repeat(256),
      },
      invalid(
        'subscriberName: must not be longer than 255 characters; callbackUrl: must not be longer than 255 characters; secret: must not be longer than 255 characters.',
      ),
    ),
    afterwards: [
      post(
        'register',
        { subscriberName: 'x', callbackUrl: 'ftp://x.example/' },
        invalid('callbackUrl: must be an http or https address.'),
      ),
      post(
        'register',
        { subscriberName: 'x', callbackUrl: 'https://me:pass@x.example/' },
        invalid('callbackUrl: must not carry a login or password.'),
      ),
      post('register', {}, invalid('subscriberName: is required; callbackUrl: is required.')),
    ],
  },
  {
    name: 'POST /webhook/settings/change: another address is to be confirmed again, the same one is not',
    given: confirmed,
    ...post('settings/change', { subscriberName: '{name}', callbackUrl: '{hook}', secret: '' }),
    afterwards: [
      info('ACTIVE', 'CONFIRMED', 'ACTIVE'),
      post('settings/change', { subscriberName: '{name}', callbackUrl: '{hook}/other' }),
      info('ACTIVE', 'UNCONFIRMED', 'INACTIVE'),
      post(
        'confirm',
        { subscriberName: '{name}', code: '{code}' },
        {
          refused: 'webhook.wrong_code',
          status: 400,
          message: "code: is not the one that was sent last to the subscriber's address.",
        },
      ),
      post('settings/change', { subscriberName: 'nobody', callbackUrl: '{hook}' }, UNKNOWN),
    ],
  },
];

const confirming: readonly Row[] = [
  {
    name: 'POST /webhook/code/send: what the address answers is told and not judged',
    given: newSubscriber,
    ...post(
      'code/send',
      { subscriberName: '{name}' },
      { ...DONE, headers: { 'rollbook-delivery': 'answered 404' } },
    ),
    afterwards: [post('code/send', { subscriberName: 'nobody' }, UNKNOWN)],
  },
  {
    name: 'POST /webhook/confirm',
    given: awaiting,
    ...post('confirm', { subscriberName: '{name}', code: '{code}' }),
    afterwards: [
      info('ACTIVE', 'CONFIRMED', 'ACTIVE'),
      post('confirm', { subscriberName: 'nobody', code: '{code}' }, UNKNOWN),
      post('confirm', { subscriberName: '{name}' }, invalid('code: is required.')),
    ],
  },
  {
    name: 'POST /webhook/disable and enable',
    given: confirmed,
    ...post('disable', { subscriberName: '{name}' }),
    afterwards: [
      info('INACTIVE', 'CONFIRMED', 'INACTIVE'),
      post('enable', { subscriberName: '{name}' }),
      info('ACTIVE', 'CONFIRMED', 'ACTIVE'),
      post('disable', { subscriberName: 'nobody' }, UNKNOWN),
      post('enable', { subscriberName: 'nobody' }, UNKNOWN),
    ],
  },
  {
    name: 'POST /webhook/remove',
    given: subscribed,
    ...post('remove', { subscriberName: '{name}' }),
    afterwards: [
      post('remove', { subscriberName: '{name}' }, UNKNOWN),
      { ...info('', '', ''), expect: UNKNOWN },
      { ...NONE, expect: UNKNOWN },
      post('register', { subscriberName: '{name}', callbackUrl: '{hook}' }),
      NONE,
    ],
  },
];

const subscribing: readonly Row[] = [
  {
    name: 'POST /webhook/subscribe with filters',
    given: newSubscriber,
    method: 'POST',
    path: '/webhook/subscribe',
    ...subscribe('LEARNERS_ENROLLED_IN_COURSE', [
      { name: 'userIds', value: '[]' },
      { name: 'courseIds', value: `["${ID.toUpperCase()}","${ID}"]` },
    ]),
    expect: DONE,
    afterwards: [
      subscriptions(
        [
          {
            subscriptionType: 'LEARNERS_ENROLLED_IN_COURSE',
            params: [{ name: 'courseIds', value: `["${ID}"]` }],
          },
        ],
        `<response><subscription><subscriptionType>LEARNERS_ENROLLED_IN_COURSE</subscriptionType>
          <params><param><name>courseIds</name><value>[&quot;${ID}&quot;]</value></param></params>
        </subscription></response>`,
      ),
    ],
  },
  {
    name: 'POST /webhook/subscribe: several types, the same again, without params',
    given: subscribed,
    ...post('subscribe', {
      subscriberName: '{name}',
      subscription: { subscriptionType: 'USER_REGISTERED' },
    }),
    afterwards: [
      post('subscribe', {
        subscriberName: '{name}',
        subscription: { subscriptionType: 'LEARNERS_ENROLLED_IN_COURSE' },
      }),
      subscriptions(
        [
          { subscriptionType: 'LEARNERS_ENROLLED_IN_COURSE', params: [] },
          { subscriptionType: 'USER_REGISTERED', params: [] },
        ],
        `<response>
          <subscription><subscriptionType>LEARNERS_ENROLLED_IN_COURSE</subscriptionType><params></params></subscription>
          <subscription><subscriptionType>USER_REGISTERED</subscriptionType><params></params></subscription>
        </response>`,
      ),
    ],
  },
  ...(
    [
      [
        'an unknown filter',
        subscribe('COURSE_STATUS_CHANGED', [{ name: 'groupIds', value: '[]' }]),
        'subscription.params[0].name: must be one of userIds, courseIds for COURSE_STATUS_CHANGED.',
      ],
      [
        'a filter where there is none',
        subscribe('TRAINING_MEETING_ADDED', [{ name: 'userIds', value: '[]' }]),
        'subscription.params[0].name: TRAINING_MEETING_ADDED has no filters.',
      ],
      [
        'a filter twice',
        subscribe('COURSE_ITEM_STATUS_CHANGED', [
          { name: 'courseItemIds', value: '[]' },
          { name: 'courseItemIds', value: '[]' },
        ]),
        'subscription.params[1].name: courseItemIds is given twice.',
      ],
      [
        'a value that is no JSON',
        subscribe('TRAINING_SESSION_PARTICIPANT_REMOVED', [{ name: 'userIds', value: `[${ID}]` }]),
        'subscription.params[0].value: must be a text that holds a JSON array of UUIDs.',
      ],
      [
        'a value that is no list of ids',
        subscribe('TRAINING_SESSION_PARTICIPANTS_ADDED', [{ name: 'userIds', value: '["me"]' }]),
        'subscription.params[0].value: must be a text that holds a JSON array of UUIDs.',
      ],
    ] as const
  ).map(
    ([what, bodies, message]): Row => ({
      name: `POST /webhook/subscribe with ${what}`,
      given: newSubscriber,
      method: 'POST',
      path: '/webhook/subscribe',
      ...bodies,
      expect: invalid(message),
      afterwards: [NONE],
    }),
  ),
  {
    name: 'POST /webhook/subscribe to an unknown type, by nobody, without a subscription',
    given: newSubscriber,
    ...post(
      'subscribe',
      { subscriberName: '{name}', subscription: { subscriptionType: 'SOMETHING' } },
      invalid(
        'subscription.subscriptionType: must be one of USER_REGISTERED, LEARNERS_ENROLLED_IN_COURSE, TRAINING_MEETING_ADDED, TRAINING_MEETING_REMOVED, TRAINING_MEETING_UPDATED, TRAINING_SESSION_PARTICIPANTS_ADDED, TRAINING_SESSION_PARTICIPANT_REMOVED, COURSE_COMPLETED_SUCCESSFULLY, COURSE_STATUS_CHANGED, COURSE_ITEM_COMPLETED_SUCCESSFULLY, COURSE_ITEM_STATUS_CHANGED, ENROLLMENTS_CHANGED, LEARNERS_UNENROLLED, OPERATION_COMPLETED, UNLOCK_REQUESTED, got SOMETHING.',
      ),
    ),
    afterwards: [
      post(
        'subscribe',
        { subscriberName: 'nobody', subscription: { subscriptionType: 'USER_REGISTERED' } },
        UNKNOWN,
      ),
      post('subscribe', { subscriberName: '{name}' }, invalid('subscription: is required.')),
    ],
  },
  {
    name: 'POST /webhook/unsubscribe',
    given: subscribed,
    ...post('unsubscribe', {
      subscriberName: '{name}',
      subscriptionType: 'LEARNERS_ENROLLED_IN_COURSE',
    }),
    afterwards: [
      NONE,
      post(
        'unsubscribe',
        { subscriberName: '{name}', subscriptionType: 'LEARNERS_ENROLLED_IN_COURSE' },
        { refused: 'webhook.unknown_subscription', status: 404, message: 'Subscription not found' },
      ),
      post('unsubscribe', { subscriberName: 'nobody', subscriptionType: 'USER_REGISTERED' }, UNKNOWN),
    ],
  },
];

const reading: readonly Row[] = [
  { name: 'GET /webhook/subscription/list', given: newSubscriber, ...NONE },
  {
    name: 'GET /webhook/subscriber/info',
    given: newSubscriber,
    ...info('ACTIVE', 'UNCONFIRMED', 'INACTIVE'),
    afterwards: [
      {
        method: 'GET',
        path: '/webhook/subscriber/info',
        expect: invalid('subscriberName: is required.'),
      },
      { method: 'GET', path: '/webhook/subscription/list?subscriberName=nobody', expect: UNKNOWN },
    ],
  },
  {
    name: 'a department administrator, though of the whole tree, is refused',
    given: newSubscriber,
    ...info('', '', ''),
    as: 'manager',
    expect: FORBIDDEN,
    afterwards: [
      { ...post('register', { subscriberName: 'theirs', callbackUrl: '{hook}' }, FORBIDDEN), as: 'manager' },
    ],
  },
];

contract('webhooks', setup, [...registering, ...confirming, ...subscribing, ...reading]);

/** Without ROLLBOOK_ALLOW_PRIVATE_TARGETS; names are judged at delivery. */
const PRIVATE = [
  'http://127.0.0.1:8080/',
  'http://127.1/',
  'http://0x7f000001/',
  'http://2130706433/',
  'http://0/',
  'http://10.1.2.3/',
  'http://172.31.0.1/',
  'https://192.168.1.1/hook',
  'http://169.254.169.254/latest/meta-data',
  'http://100.64.0.1/',
  'http://localhost:8080/',
  'http://LocalHost./',
  'http://hook.localhost/',
  'http://[::1]/',
  'http://[fd00::1]/',
  'http://[fe80::1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:8.8.8.8]/',
  'http://[64:ff9b::7f00:1]/',
];
const NOT_PUBLIC = invalid('callbackUrl: must be an address of the public internet.');

contract(
  'addresses of webhooks',
  async () => ({}),
  [
    ...PRIVATE.map(
      (callbackUrl): Row => ({
        name: `POST /webhook/register with ${callbackUrl}`,
        ...post('register', { subscriberName: 'private', callbackUrl }, NOT_PUBLIC),
        afterwards: [post('enable', { subscriberName: 'private' }, UNKNOWN)],
      }),
    ),
    {
      name: 'POST /webhook/register with names and public addresses, POST /webhook/settings/change to a private one',
      ...post('register', { subscriberName: 'public', callbackUrl: 'https://receiver.example/' }),
      afterwards: [
        post('register', { subscriberName: 'by address', callbackUrl: 'http://8.8.8.8:8080/' }),
        post('register', { subscriberName: 'by address 6', callbackUrl: 'http://[2001:4860:4860::8888]/' }),
        post('settings/change', { subscriberName: 'public', callbackUrl: 'http://10.0.0.1/' }, NOT_PUBLIC),
        post('settings/change', { subscriberName: 'public', callbackUrl: 'https://other.example/' }),
      ],
    },
  ],
  { courier: {} },
);
