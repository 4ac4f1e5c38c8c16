import type { Context } from '../access/index.ts';
import { file, nothing, one, type Route, replyAs, route } from '../http/route.ts';
import { about, object, optional, text } from '../http/wire.ts';
import { linkUnder } from '../kernel/links.ts';
import { logoPath } from '../pages/index.ts';
import { changeLogo, changeLook, readLogo, readLook, removeLogo } from './look.ts';
import type { Look } from './look-queries.ts';
import type { LogoType } from './look-rules.ts';

const PortalSettings = object(
  {
    accentColor: about('Six hexadecimal digits; empty: as Rollbook has it', text()),
    logoUrl: optional(about('Where the logo is; absent: there is none', text())),
  },
  'PortalSettings',
);
const Changes = object(
  { accentColor: optional(about('Six hexadecimal digits; empty: as Rollbook has it', text({ max: 20 }))) },
  'PortalSettingsChanges',
);

const toWire = ({ accentColor, logo, accountUrl }: Look) => ({
  accentColor: accentColor?.slice(1) ?? '',
  logoUrl: logo ? linkUnder(accountUrl, logoPath(logo)) : undefined,
});

const ADMIN = { tag: 'portal', may: 'administrator' } as const;

const ANSWERS: Readonly<Record<LogoType, ReturnType<typeof file<Buffer>>>> = {
  'image/png': file('image/png'),
  'image/jpeg': file('image/jpeg'),
  'image/webp': file('image/webp'),
};

/** Another logo has another address. Whoever opens it by itself gets a picture, and nothing that could do anything. */
const LOGO_HEADERS = {
  'cache-control': 'public, max-age=31536000, immutable',
  'content-security-policy': "default-src 'none'; sandbox",
} as const;

export const lookRoutes: readonly Route<Context>[] = [
  route({
    ...ADMIN,
    method: 'GET',
    path: '/portal/settings',
    operationId: 'GetPortalSettings',
    summary: 'What the pages of the account look like',
    answer: one(PortalSettings),
    run: async (ctx: Context) => toWire(await readLook(ctx)),
  }),
  route({
    ...ADMIN,
    method: 'POST',
    path: '/portal/settings',
    operationId: 'ChangePortalSettings',
    summary: 'Change what the pages of the account look like; what is left out stays',
    description: 'Any colour will do: it is made lighter or darker as far as it takes to be read.',
    body: Changes,
    answer: one(PortalSettings),
    run: async (ctx: Context, { body }) => toWire(await changeLook(ctx, body)),
  }),
  route({
    ...ADMIN,
    method: 'POST',
    path: '/portal/logo',
    operationId: 'ChangeLogo',
    summary: 'Put a logo on the pages of the account, in the place of any earlier one',
    description:
      'The body is the file, or a form with it: a PNG, JPEG or WebP of at most 200 kB. Which of them it is, its first bytes say.',
    upload: ['image/*'],
    answer: one(PortalSettings),
    refusals: ['portal.logo_kind', 'portal.logo_too_large'],
    run: async (ctx: Context, { file: upload }) => toWire(await changeLogo(ctx, upload.bytes)),
  }),
  route({
    ...ADMIN,
    method: 'DELETE',
    path: '/portal/logo',
    operationId: 'RemoveLogo',
    summary: 'Take the logo away; its address leads nowhere any more',
    answer: nothing(204),
    run: (ctx: Context) => removeLogo(ctx),
  }),
  route({
    tag: 'portal',
    may: 'public',
    method: 'GET',
    path: '/portal/logo/{name}',
    operationId: 'ReadLogo',
    summary: 'The logo at an address',
    params: object({ name: text({ max: 100 }) }),
    answer: file<Buffer>('image/*'),
    refusals: ['portal.unknown_logo'],
    run: async (ctx: Context, { params }) => {
      const { type, bytes } = await readLogo(ctx, params.name);
      return replyAs(ANSWERS[type], bytes, LOGO_HEADERS);
    },
  }),
];
