import { type Context, requireAdministrator } from '../access/index.ts';
import { typeOf, typesFor } from '../files/index.ts';
import { refuse } from '../kernel/errors.ts';
import * as queries from './look-queries.ts';
import {
  accountOfLogo,
  judgeLogo,
  type LogoType,
  logoName,
  MAX_LOGO_BYTES,
  readColour,
} from './look-rules.ts';

/** What an account looks like on its pages, for the owner and administrators of the whole account. */

export const readLook = (ctx: Context): Promise<queries.Look> => {
  requireAdministrator(ctx.caller);
  return ctx.read((tx) => queries.findLook(tx, ctx.caller.accountId));
};

/** Changes what is given; an empty colour gives way to ours. Refuses `request.invalid`. */
export function changeLook(
  ctx: Context,
  changes: { readonly accentColor?: string | undefined },
): Promise<queries.Look> {
  requireAdministrator(ctx.caller);
  const { accentColor } = changes;
  const colour = accentColor ? readColour(accentColor) : null;
  if (accentColor && colour === null)
    refuse('request.invalid', {
      field: 'accentColor',
      detail: `must be six hexadecimal digits such as 1d4ed8, or empty, got ${accentColor}`,
    });
  return ctx.write(async (tx) => {
    const { accountId } = ctx.caller;
    if (accentColor !== undefined) await queries.setAccentColor(tx, accountId, colour);
    return queries.findLook(tx, accountId);
  });
}

/** Puts a picture in the place of the logo. Refuses `portal.logo_too_large`, `portal.logo_kind`. */
export function changeLogo(ctx: Context, bytes: Buffer): Promise<queries.Look> {
  requireAdministrator(ctx.caller);
  if (bytes.length > MAX_LOGO_BYTES)
    refuse('portal.logo_too_large', { size: bytes.length, limit: MAX_LOGO_BYTES });
  const judged = judgeLogo(bytes, typeOf(typesFor('Image') ?? [], bytes)?.mediaType ?? null);
  if (judged.type === null) return refuse('portal.logo_kind', { detail: judged.why });
  const { type } = judged;
  return ctx.write(async (tx) => {
    const { accountId } = ctx.caller;
    await queries.setLogo(tx, accountId, { name: logoName(accountId, type, bytes), type, bytes }, ctx.now);
    return queries.findLook(tx, accountId);
  });
}

/** Also where there is none. */
export const removeLogo = (ctx: Context): Promise<void> => {
  requireAdministrator(ctx.caller);
  return ctx.write((tx) => queries.deleteLogo(tx, ctx.caller.accountId));
};

/** The picture at an address, for everybody. Refuses `portal.unknown_logo`. */
export async function readLogo(
  { db }: Pick<Context, 'db'>,
  name: string,
): Promise<{ readonly type: LogoType; readonly bytes: Buffer }> {
  const accountId = accountOfLogo(name);
  if (accountId === null) return refuse('portal.unknown_logo');
  return (await db.read((tx) => queries.findLogo(tx, accountId, name))) ?? refuse('portal.unknown_logo');
}
