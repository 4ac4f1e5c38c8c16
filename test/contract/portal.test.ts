import { createHash } from 'node:crypto';
import { addUser } from '../support/people.ts';
import { ACCOUNT_URL, type World } from '../support/server.ts';
import { contract, type Expected, type Refused, type Row } from './runner.ts';
import type { Names } from './template.ts';

/** What the pages of an account look like: of our own, in the manner of the contract. Pictures: test/portal/look.test.ts. */

/** As little as tells what they are, in characters that a body of text can hold. */
const ONE = 'RIFF\u0004\u0000\u0000\u0000WEBP';
const OTHER = 'RIFF\u0008\u0000\u0000\u0000WEBPVP8 ';

const setup = async (world: World): Promise<Names> => {
  const urlOf = (file: string): string => {
    const digest = createHash('sha256').update(file).digest('hex').slice(0, 32);
    return `${ACCOUNT_URL}/portal/logo/${world.account.accountId}-${digest}.webp`;
  };
  return {
    manager: await world.tokenOf(
      await addUser(world, { role: 'department_administrator', manages: [world.account.rootDepartmentId] }),
    ),
    one: urlOf(ONE),
    other: urlOf(OTHER),
  };
};

const settings = (accentColor: string, logoUrl?: string): Expected => ({
  status: 200,
  json: { accentColor, ...(logoUrl ? { logoUrl } : {}) },
  xml: `<response><accentColor>${accentColor}</accentColor>${logoUrl ? `<logoUrl>${logoUrl}</logoUrl>` : ''}</response>`,
});
const read = (expect: Expected | Refused) => ({ method: 'GET' as const, path: '/portal/settings', expect });
const change = (body: { accentColor?: string }, expect: Expected | Refused) => ({
  method: 'POST' as const,
  path: '/portal/settings',
  body,
  xmlBody: `<request>${body.accentColor === undefined ? '' : `<accentColor>${body.accentColor}</accentColor>`}</request>`,
  expect,
});
const upload = (file: string, type: string, expect: Expected | Refused) => ({
  method: 'POST' as const,
  path: '/portal/logo',
  csv: file,
  headers: { 'content-type': type },
  expect,
});
const remove = { method: 'DELETE' as const, path: '/portal/logo', expect: { status: 204 } };

const FORBIDDEN: Refused = { refused: 'auth.role', status: 403, message: 'Permission denied.' };
const badColour = (got: string): Refused => ({
  refused: 'request.invalid',
  status: 400,
  message: `accentColor: must be six hexadecimal digits such as 1d4ed8, or empty, got ${got}.`,
});
const noLogo = (why: string): Refused => ({
  refused: 'portal.logo_kind',
  status: 400,
  message: `A logo is a PNG, JPEG or WebP: ${why}.`,
});

const rows: readonly Row[] = [
  { name: 'as Rollbook has it', ...read(settings('')) },
  {
    name: 'a colour is written with or without a hash; what is left out stays; empty gives way to ours',
    ...change({ accentColor: '#B45309' }, settings('b45309')),
    afterwards: [
      change({}, settings('b45309')),
      change({ accentColor: '166534' }, settings('166534')),
      change({ accentColor: '' }, settings('')),
    ],
  },
  {
    name: 'what is no colour is refused, and nothing is changed',
    ...change({ accentColor: '166534' }, settings('166534')),
    afterwards: [
      ...['red', '12345', '#1234567', '16653g'].map((text) => change({ accentColor: text }, badColour(text))),
      read(settings('166534')),
    ],
  },
  {
    name: 'a logo has an address of its own, which goes with it',
    ...upload(ONE, 'image/webp', settings('166534', '{one}')),
    afterwards: [
      read(settings('166534', '{one}')),
      upload(OTHER, 'image/webp', settings('166534', '{other}')),
      change({ accentColor: '' }, settings('', '{other}')),
      remove,
      read(settings('')),
      remove,
    ],
  },
  {
    name: 'what is no picture is refused with the reason, whatever it says it is',
    ...upload(
      '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
      'image/svg+xml',
      noLogo('an SVG can hold scripts and load things from elsewhere'),
    ),
    afterwards: [
      upload(
        '<svg/onload=alert(1)>',
        'image/png',
        noLogo('an SVG can hold scripts and load things from elsewhere'),
      ),
      upload('GIF89a', 'image/png', noLogo('the first bytes of the file are those of none of these')),
      upload('', 'image/png', noLogo('the file is empty')),
      upload(ONE, 'text/html', {
        refused: 'request.unsupported_type',
        status: 415,
        message: 'A body of type text/html cannot be read; send image/*, or a form with a file.',
      }),
      upload(ONE.padEnd(200 * 1024 + 1, '.'), 'image/webp', {
        refused: 'portal.logo_too_large',
        status: 413,
        message: 'The logo has 204801 bytes; at most 204800 are taken.',
      }),
      read(settings('')),
    ],
  },
  {
    name: 'not for those who manage departments',
    ...read(FORBIDDEN),
    as: 'manager',
    afterwards: [
      { ...change({ accentColor: '' }, FORBIDDEN), as: 'manager' },
      { ...upload(ONE, 'image/webp', FORBIDDEN), as: 'manager' },
      { ...remove, expect: FORBIDDEN, as: 'manager' },
    ],
  },
];

contract('the look of the portal', setup, rows);
