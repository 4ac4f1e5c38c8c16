import type { Context } from '../access/index.ts';
import { nothing, one, type Route, route } from '../http/route.ts';
import { about, anyCase, boolean, object, oneOf, optional, text, uuid } from '../http/wire.ts';
import type { Providers } from './provider.ts';
import { CLAIMS } from './rules.ts';
import { changeSettings, forgetPerson, readSettings, removeSettings } from './settings.ts';

const MAX_TEXT = 255;

const issuer = about(
  'Of the provider, as it names itself: an https address under which /.well-known/openid-configuration is found',
  text({ min: 1, max: MAX_TEXT }),
);
const clientId = about('What the provider calls us', text({ min: 1, max: MAX_TEXT }));
const label = about(
  'What people call the provider: the button says that they sign in with it',
  text({ min: 1, max: 60 }),
);
const claim = about(
  'What names a user here: email the e-mail, if the provider has verified it; preferred_username the login or else the e-mail; sub the login',
  oneOf(...CLAIMS),
);

const OpenIdRequest = object(
  {
    issuer,
    clientId,
    clientSecret: optional(
      about(
        'Left out, it stays as it is; empty, there is none. It is never told.',
        anyCase(text({ max: 1_000 })),
      ),
    ),
    label,
    claim,
  },
  'OpenIdRequest',
);
const told = {
  issuer,
  clientId,
  hasClientSecret: boolean(),
  label,
  claim,
  redirectUri: about('What the provider must know as an address that it may lead back to', text()),
};
const OpenIdSettings = object(told, 'OpenIdSettings');
const OpenIdChanged = object(
  { ...told, problem: optional(about('Why the provider cannot be used at the moment', text())) },
  'OpenIdChanged',
);

const COMMON = { tag: 'access', may: 'administrator', path: '/portal/openid' } as const;

export const openIdRoutes = (providers: Providers): readonly Route<Context>[] => [
  route({
    ...COMMON,
    method: 'GET',
    operationId: 'GetOpenIdSettings',
    summary: 'The OpenID provider that people may sign in to the portal with',
    answer: one(OpenIdSettings),
    refusals: ['openid.none'],
    run: (ctx: Context) => readSettings(ctx),
  }),
  route({
    ...COMMON,
    method: 'POST',
    operationId: 'ChangeOpenIdSettings',
    keyless: 'secret',
    summary: 'Let people sign in to the portal with an OpenID provider',
    description:
      'Replaces all of it, but for a secret that is left out. The provider is asked to describe itself; if it cannot be used as it is, problem says why. It signs in nobody who ranks higher than whoever set it.',
    body: OpenIdRequest,
    answer: one(OpenIdChanged),
    run: (ctx: Context, { body }) => changeSettings(ctx, providers, body),
  }),
  route({
    ...COMMON,
    method: 'DELETE',
    operationId: 'RemoveOpenIdSettings',
    summary: 'Let nobody sign in with an OpenID provider any more',
    description: 'Who was who at the provider is forgotten, too.',
    answer: nothing(204),
    run: (ctx: Context) => removeSettings(ctx),
  }),
  route({
    tag: 'access',
    may: 'administrator',
    method: 'DELETE',
    path: '/user/{id}/openid',
    operationId: 'ForgetOpenIdPerson',
    summary: 'Forget who a user is at the OpenID provider',
    description:
      'Somebody who was entered at the provider anew is somebody else there. The next sign-in tells who the user is from then on.',
    params: object({ id: uuid() }),
    answer: nothing(204),
    refusals: ['people.unknown_user', 'auth.outranked'],
    run: (ctx: Context, { params }) => forgetPerson(ctx, params.id),
  }),
];
