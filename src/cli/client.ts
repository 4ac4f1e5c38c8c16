import { DATABASE_OPTIONS } from '../config.ts';
import { createClientFor } from '../people/index.ts';
import type { Command } from './main.ts';
import { configOf, print, required, withDatabase } from './support.ts';

const OPTIONS = { ...DATABASE_OPTIONS, account: { type: 'string' }, login: { type: 'string' } } as const;

export const clientCreate: Command = {
  name: 'client create',
  summary: 'Make an API client that acts as a user; its secret is printed once.',
  usage: '--account URL --login L',
  run: async (argv) => {
    const { flags, config } = configOf(argv, OPTIONS);
    const input = {
      accountUrl: required(flags, 'account'),
      login: required(flags, 'login'),
      now: new Date(),
    };
    print(flags, { ...(await withDatabase(config, (db) => createClientFor(db, input))) });
  },
};
