import { createdId, manyUnpaged, nothing, one, type Route, route } from '../http/route.ts';
import { about, integer, list, object, oneOf, optional, text, uuid } from '../http/wire.ts';
import { toInstantText } from '../kernel/dates.ts';
import { refuse } from '../kernel/errors.ts';
import { type Authenticator, TOKEN_LIFETIME_S } from './authenticate.ts';
import type { Context } from './caller.ts';
import * as clients from './clients.ts';
import { PERMISSIONS, permissionsOf } from './rules.ts';

const Token = object({ access_token: text(), expires_in: integer(), token_type: text() }, 'AccessToken');

const Client = object({ clientId: uuid(), userId: uuid(), createdAt: text() }, 'ApiClient');
const ClientSecret = object(
  { clientId: uuid(), clientSecret: about('Told once.', text()) },
  'ApiClientSecret',
);

const Role = object(
  {
    roleId: uuid(),
    type: text(),
    title: text(),
    description: text(),
    permissions: list(oneOf(...PERMISSIONS), { item: 'permission' }),
  },
  'Role',
);

const ADMIN = { tag: 'access', may: 'administrator' } as const;

/** The token endpoint answers at its documented address and under every prefix, bare too. */
const tokenRoute = (authenticator: Authenticator, path: string, operationId: string): Route<Context> =>
  route({
    tag: 'token',
    may: 'public',
    method: 'POST',
    path,
    operationId,
    keyless: 'secret',
    summary: 'An access token for an API client',
    description: 'A form, as OAuth 2 client credentials. A new token does not end earlier ones.',
    body: object({
      client_id: optional(text()),
      client_secret: optional(text()),
      grant_type: optional(text()),
    }),
    answer: one(Token),
    refusals: ['token.grant', 'token.bad_client'],
    prefersJson: true,
    run: async (_ctx: Context, { body }) => {
      if (body.grant_type !== 'client_credentials')
        refuse('token.grant', { value: (body.grant_type ?? 'nothing').slice(0, 100) });
      for (const field of ['client_id', 'client_secret'] as const)
        if (!body[field]) refuse('request.invalid', { field, detail: 'is required' });
      const token = await authenticator.issueToken(body.client_id ?? '', body.client_secret ?? '');
      return { access_token: token, expires_in: TOKEN_LIFETIME_S, token_type: 'bearer' };
    },
  });

export const accessRoutes = (authenticator: Authenticator): readonly Route<Context>[] => [
  tokenRoute(authenticator, '/token', 'GetAccessToken'),
  // Where clients look that know no more than OAuth.
  tokenRoute(authenticator, '/oauth2/token', 'GetAccessTokenByOAuth'),
  route({
    ...ADMIN,
    method: 'GET',
    path: '/client',
    operationId: 'GetClients',
    summary: 'The API clients of the account',
    answer: manyUnpaged(Client, { xmlItem: 'client' }),
    run: async (ctx: Context) =>
      (await clients.listClients(ctx)).map((client) => ({
        ...client,
        createdAt: toInstantText(client.createdAt),
      })),
  }),
  route({
    ...ADMIN,
    method: 'POST',
    path: '/client',
    operationId: 'CreateClient',
    keyless: 'secret',
    summary: 'A new API client that acts as a user',
    body: object({ userId: optional(about('The caller if left out', uuid())) }),
    answer: one(ClientSecret, { status: 201 }),
    refusals: ['people.unknown_users', 'auth.outranked'],
    run: (ctx: Context, { body }) => clients.createClient(ctx, body.userId ?? ctx.caller.userId),
  }),
  route({
    ...ADMIN,
    method: 'DELETE',
    path: '/client/{id}',
    operationId: 'DeleteClient',
    keyless: 'secret',
    summary: 'Remove an API client; its tokens end at once',
    params: object({ id: uuid() }),
    answer: nothing(204),
    refusals: ['access.unknown_client', 'auth.outranked'],
    run: (ctx: Context, { params }) => clients.deleteClient(ctx, params.id),
  }),
  route({
    tag: 'access',
    may: 'user.read',
    method: 'GET',
    path: '/role',
    operationId: 'GetRoles',
    summary: 'The roles of the account',
    answer: manyUnpaged(Role, { xmlItem: 'role' }),
    run: async (ctx: Context) =>
      (await clients.listRoles(ctx)).map((role) => ({
        roleId: role.roleId,
        type: role.roleType,
        title: role.title,
        description: role.description,
        permissions: [...permissionsOf(role)],
      })),
  }),
  route({
    ...ADMIN,
    method: 'POST',
    path: '/role',
    operationId: 'CreateRole',
    summary: 'A custom role',
    body: object({
      title: text({ min: 1, max: 200 }),
      description: optional(text({ max: 2_000 })),
      permissions: list(oneOf(...PERMISSIONS), { item: 'permission', min: 1, max: 100 }),
    }),
    answer: createdId(),
    refusals: ['auth.outranked'],
    run: (ctx: Context, { body }) =>
      clients.createRole(ctx, { ...body, description: body.description ?? '' }),
  }),
];
