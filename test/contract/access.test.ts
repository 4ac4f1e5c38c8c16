import { addUser } from '../support/people.ts';
import { call, type World } from '../support/server.ts';
import { contract, NOW, type Row } from './runner.ts';
import type { Names } from './template.ts';

/** Section 2 of the contract: the token; and our own clients and roles. */

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

async function setup(world: World): Promise<Names> {
  const learnerId = await addUser(world, { login: 'ann' });
  // A minute after the owner's client, which stands first for that.
  world.clock.now = new Date(NOW.getTime() + 60_000);
  return { learnerId, learner: await world.tokenOf(learnerId) };
}

const credentials = {
  client_id: '{clientId}',
  client_secret: '{clientSecret}',
  grant_type: 'client_credentials',
};
const token = (path: string): Pick<Row, 'method' | 'path' | 'as'> => ({ method: 'POST', path, as: 'nobody' });
const granted: Row['expect'] = {
  status: 200,
  json: { access_token: '{*secret}', expires_in: 1800, token_type: 'bearer' },
  xml: `<response>
    <access_token>{*secret}</access_token>
    <expires_in>1800</expires_in>
    <token_type>bearer</token_type>
  </response>`,
};
const oauthRefusal = (
  refused: string,
  status: number,
  message: string,
  error: string,
  headers: Record<string, string> = {},
): Row['expect'] => ({
  status,
  headers: { 'rollbook-error': refused, ...headers },
  json: { code: status, message, error },
  xml: `<response><code>${status}</code><message>${message}</message><error>${error}</error></response>`,
});

/** A custom role's permissions, as XML spells a list whose items have a name of their own. */
const newRole = {
  body: { title: 'Reporter', description: 'Reads', permissions: ['result.read', 'user.read'] },
  xmlBody: `<request><title>Reporter</title><description>Reads</description>
    <permissions><permission>result.read</permission><permission>user.read</permission></permissions></request>`,
} as const;

const ALL = [
  'enrollment.read',
  'enrollment.write',
  'user.read',
  'user.write',
  'department.read',
  'department.write',
  'group.read',
  'group.write',
  'content.read',
  'content.write',
  'training.read',
  'training.write',
  'result.read',
];
const STANDARD: readonly { type: string; title: string; permissions: readonly string[] }[] = [
  { type: 'owner', title: 'Account Owner', permissions: ALL },
  { type: 'administrator', title: 'Account Administrator', permissions: ALL },
  {
    type: 'department_administrator',
    title: 'Department Administrator',
    permissions: ALL.filter((one) => one !== 'content.write' && one !== 'training.write'),
  },
  {
    type: 'publisher',
    title: 'Publisher',
    permissions: ['content.read', 'content.write', 'training.read', 'training.write', 'group.read'],
  },
  { type: 'learner', title: 'Learner', permissions: [] },
];

const rows: readonly Row[] = [
  {
    name: 'GET /role',
    method: 'GET',
    path: '/role',
    expect: {
      status: 200,
      json: STANDARD.map((role) => ({ roleId: '{*uuid}', description: '', ...role })),
      xml: `<response>${STANDARD.map(
        ({ type, title, permissions }) => `<role>
          <roleId>{*uuid}</roleId>
          <type>${type}</type>
          <title>${title}</title>
          <description></description>
          <permissions>${permissions.map((one) => `<permission>${one}</permission>`).join('')}</permissions>
        </role>`,
      ).join('')}</response>`,
    },
  },
  {
    name: 'GET /role as a learner',
    method: 'GET',
    path: '/role',
    as: 'learner',
    expect: { refused: 'auth.role', status: 403, message: 'Permission denied.' },
  },
  { name: 'POST /api/v3/token', ...token('/api/v3/token'), form: credentials, expect: granted },
  { name: 'POST /oauth2/token', ...token('/oauth2/token'), form: credentials, expect: granted },
  {
    name: 'POST /token without a grant',
    ...token('/api/v3/token'),
    form: { client_id: '{clientId}', client_secret: '{clientSecret}' },
    expect: oauthRefusal(
      'token.grant',
      400,
      'grant_type: must be client_credentials, got nothing.',
      'unsupported_grant_type',
    ),
  },
  {
    name: 'POST /token without a client',
    ...token('/api/v3/token'),
    form: { grant_type: 'client_credentials' },
    expect: oauthRefusal('request.invalid', 400, 'client_id: is required.', 'invalid_request'),
  },
  {
    name: 'POST /token with a wrong secret',
    ...token('/api/v3/token'),
    form: { ...credentials, client_secret: 'wrong' },
    expect: oauthRefusal(
      'token.bad_client',
      401,
      'The client_id or client_secret is wrong.',
      'invalid_client',
      { 'www-authenticate': 'Bearer realm="rollbook"' },
    ),
  },
  {
    name: 'any endpoint without a token',
    method: 'GET',
    path: '/client',
    as: 'nobody',
    expect: {
      refused: 'auth.missing',
      status: 401,
      message: 'An access token is required.',
      headers: { 'www-authenticate': 'Bearer realm="rollbook"' },
    },
  },
  {
    name: 'GET /client',
    method: 'GET',
    path: '/client',
    expect: {
      status: 200,
      json: [
        { clientId: '{clientId}', userId: '{owner}', createdAt: '2026-03-02T09:30:00+00:00' },
        { clientId: '{*uuid}', userId: '{learnerId}', createdAt: '2026-03-02T09:31:00+00:00' },
      ],
      xml: `<response>
        <client>
          <clientId>{clientId}</clientId><userId>{owner}</userId><createdAt>2026-03-02T09:30:00+00:00</createdAt>
        </client>
        <client>
          <clientId>{*uuid}</clientId><userId>{learnerId}</userId><createdAt>2026-03-02T09:31:00+00:00</createdAt>
        </client>
      </response>`,
    },
  },
  {
    name: 'GET /client as a learner',
    method: 'GET',
    path: '/client',
    as: 'learner',
    expect: { refused: 'auth.role', status: 403, message: 'Permission denied.' },
  },
  {
    name: 'POST /client',
    method: 'POST',
    path: '/client',
    body: { userId: '{learnerId}' },
    expect: {
      status: 201,
      json: { clientId: '{*uuid}', clientSecret: '{*secret}' },
      xml: '<response><clientId>{*uuid}</clientId><clientSecret>{*secret}</clientSecret></response>',
    },
  },
  {
    name: 'POST /client for a user who is not there',
    method: 'POST',
    path: '/client',
    body: { userId: UNKNOWN },
    expect: { refused: 'people.unknown_users', status: 400, message: `userId: unknown users ${UNKNOWN}.` },
  },
  {
    name: 'DELETE /client/{id}',
    method: 'DELETE',
    path: '/client/{spare}',
    given: async ({ world, names }) => {
      const made = await call(world, 'POST', '/client', { json: { userId: names['learnerId'] } });
      return { spare: (made.json as { clientId: string }).clientId };
    },
    expect: { status: 204 },
    afterwards: [
      {
        method: 'DELETE',
        path: '/client/{spare}',
        expect: { refused: 'access.unknown_client', status: 404, message: 'API client not found: {spare}.' },
      },
    ],
  },
  {
    name: 'POST /role',
    method: 'POST',
    path: '/role',
    ...newRole,
    expect: { status: 201, json: '{*uuid}', xml: '<response>{*uuid}</response>' },
  },
  {
    name: 'POST /role with a permission that does not exist',
    method: 'POST',
    path: '/role',
    body: { title: 'Reporter', permissions: [] },
    expect: { refused: 'request.invalid', status: 400, message: 'permissions: must not be empty.' },
  },
];

contract('tokens, clients and roles', setup, rows);
