import { DATABASE_OPTIONS } from '../config.ts';
import { refuse } from '../kernel/errors.ts';
import { switchMail } from '../mail/index.ts';
import { findAccount } from '../people/index.ts';
import type { Command } from './main.ts';
import { configOf, print, required, withDatabase } from './support.ts';

const OPTIONS = { ...DATABASE_OPTIONS, account: { type: 'string' } } as const;

const mailSwitch = (word: 'on' | 'off', summary: string): Command => ({
  name: `mail ${word}`,
  summary,
  usage: '--account URL',
  examples: [`rollbook mail ${word} --account https://academy.example`],
  run: async (argv) => {
    const { flags, config } = configOf(argv, OPTIONS);
    const url = required(flags, 'account');
    const account = await withDatabase(config, async (db) => {
      const found = await findAccount(db, url);
      if (!found)
        return refuse('request.invalid', {
          field: 'account',
          detail: `there is no account with the address ${url}`,
        });
      await db.write((tx) => switchMail(tx, found.accountId, word === 'on', new Date()));
      return found;
    });
    print(flags, { accountUrl: account.url, isEnabled: word === 'on' });
  },
});

export const mailOff = mailSwitch(
  'off',
  'Stop sending the mail of an account. What waits stays, until it is too old.',
);
export const mailOn = mailSwitch('on', 'Send the mail of an account again, with what waits.');
