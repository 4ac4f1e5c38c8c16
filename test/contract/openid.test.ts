import { addUser } from '../support/people.ts';
import { startReceiver } from '../support/receiver.ts';
import { call, type World } from '../support/server.ts';
import { contract, type Expected, type Refused, type Row, type Stage } from './runner.ts';
import type { Names } from './template.ts';

/** With which provider people may sign in: of our own, in the manner of the contract. */

async function setup(world: World): Promise<Names> {
  const provider = await startReceiver((_request, response) => {
    const document = {
      issuer: provider.url,
      authorization_endpoint: `${provider.url}/authorize`,
      token_endpoint: `${provider.url}/token`,
      jwks_uri: `${provider.url}/keys`,
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
  });
  return {
    issuer: provider.url,
    manager: await world.tokenOf(
      await addUser(world, { role: 'department_administrator', manages: [world.account.rootDepartmentId] }),
    ),
    administrator: await world.tokenOf(await addUser(world, { role: 'administrator' })),
    ann: await addUser(world),
  };
}

const SECRET = 'kept from whoever asks';
const SETTINGS = { issuer: '{issuer}', clientId: 'rollbook', label: 'Acme ID', claim: 'email' };
const told = (more: Record<string, unknown>, hasClientSecret: boolean, problem?: string): Expected => {
  const { issuer, clientId, label, claim } = { ...SETTINGS, ...more };
  const redirectUri = 'https://academy.example/sign-in/openid/callback';
  return {
    status: 200,
    json: {
      issuer,
      clientId,
      hasClientSecret,
      label,
      claim,
      redirectUri,
      ...(problem ? { problem } : {}),
    },
    xml: `<response>
      <issuer>${issuer}</issuer>
      <clientId>${clientId}</clientId>
      <hasClientSecret>${hasClientSecret ? 1 : 0}</hasClientSecret>
      <label>${label}</label>
      <claim>${claim}</claim>
      <redirectUri>${redirectUri}</redirectUri>
      ${problem ? `<problem>${problem}</problem>` : ''}
    </response>`,
  };
};

const change = (more: Record<string, unknown>, expect: Expected | Refused) => ({
  method: 'POST' as const,
  path: '/portal/openid',
  body: { ...SETTINGS, ...more },
  expect,
});
const read = (expect: Expected | Refused) => ({ method: 'GET' as const, path: '/portal/openid', expect });
const remove = (expect: Expected | Refused) => ({
  method: 'DELETE' as const,
  path: '/portal/openid',
  expect,
});
const forget = (name: string, expect: Expected | Refused) => ({
  method: 'DELETE' as const,
  path: `/user/${name}/openid`,
  expect,
});
const invalid = (message: string): Refused => ({ refused: 'request.invalid', status: 400, message });
const FORBIDDEN: Refused = { refused: 'auth.role', status: 403, message: 'Permission denied.' };
const NONE: Refused = {
  refused: 'openid.none',
  status: 404,
  message: 'The account has no OpenID provider.',
};
const DONE: Expected = { status: 204 };
const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

const configured = async ({ world, names }: Stage): Promise<Names> => {
  const json = { ...SETTINGS, issuer: names['issuer'], clientSecret: SECRET };
  const answer = await call(world, 'POST', '/portal/openid', { json });
  if (answer.status !== 200) throw new Error(answer.text);
  return {};
};

const rows: readonly Row[] = [
  {
    name: 'there is none until one is set, and taking it away is no fault',
    ...read(NONE),
    afterwards: [remove(DONE), change({}, told({}, false)), remove(DONE), read(NONE)],
  },
  {
    name: 'the secret is never told, and stays where it is left out',
    ...change({ clientSecret: SECRET }, told({}, true)),
    afterwards: [
      read(told({}, true)),
      change({ label: ' Acme ', claim: 'sub' }, told({ label: 'Acme', claim: 'sub' }, true)),
      change({ claim: 'preferred_username' }, told({ claim: 'preferred_username' }, true)),
      change({ clientSecret: '' }, told({}, false)),
      read(told({}, false)),
    ],
  },
  {
    name: 'a secret goes to nobody but whom it was given for',
    given: configured,
    ...change(
      { issuer: 'http://127.0.0.1:9' },
      invalid('clientSecret: must be given again with another issuer or clientId.'),
    ),
    afterwards: [
      change(
        { clientId: 'other' },
        invalid('clientSecret: must be given again with another issuer or clientId.'),
      ),
      read(told({}, true)),
      change(
        { issuer: 'http://127.0.0.1:9', clientSecret: 'another' },
        told({ issuer: 'http://127.0.0.1:9' }, true, 'the connection was refused'),
      ),
      read(told({ issuer: 'http://127.0.0.1:9' }, true)),
    ],
  },
  {
    name: 'what cannot be is refused with its field, and nothing is changed',
    given: configured,
    ...change({ issuer: 'http://login.example' }, invalid('issuer: must be an https address.')),
    afterwards: [
      change({ issuer: 'https://login.example/?x' }, invalid('issuer: must have no query and no fragment.')),
      change({ issuer: '' }, invalid('issuer: must not be empty.')),
      change({ clientId: '' }, invalid('clientId: must not be empty.')),
      change({ label: 'x'.repeat(61) }, invalid('label: must not be longer than 60 characters.')),
      change({ claim: 'name' }, invalid('claim: must be one of email, preferred_username, sub, got name.')),
      read(told({}, true)),
    ],
  },
  {
    name: 'who somebody is there is forgotten by whoever does not rank lower',
    ...forget('{ann}', DONE),
    afterwards: [
      forget(UNKNOWN, {
        refused: 'people.unknown_user',
        status: 404,
        message: `User not found: ${UNKNOWN}.`,
      }),
      {
        ...forget('{owner}', {
          refused: 'auth.outranked',
          status: 403,
          message: 'Permission denied: user {owner} outranks you.',
        }),
        as: 'administrator',
      },
    ],
  },
  {
    name: 'for administrators of the account, and not for those of departments',
    given: configured,
    ...read(told({}, true)),
    as: 'administrator',
    afterwards: [
      { ...read(FORBIDDEN), as: 'manager' },
      { ...change({}, FORBIDDEN), as: 'manager' },
      { ...remove(FORBIDDEN), as: 'manager' },
      { ...forget('{ann}', FORBIDDEN), as: 'manager' },
    ],
  },
];

contract('openid', setup, rows);
