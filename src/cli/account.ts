import type { Plan } from '../access/index.ts';
import { ConfigError, DATABASE_OPTIONS } from '../config.ts';
import { createAccount } from '../people/index.ts';
import type { Command } from './main.ts';
import { configOf, print, required, withDatabase } from './support.ts';

const PLANS: readonly Plan[] = ['starter', 'business', 'enterprise'];

const text = { type: 'string' } as const;
const OPTIONS = {
  ...DATABASE_OPTIONS,
  name: text,
  url: text,
  'owner-login': text,
  'owner-email': text,
  'owner-password': text,
  plan: text,
};

export const accountCreate: Command = {
  name: 'account create',
  summary: 'Make an account with its owner and an API client, whose secret is printed once.',
  usage: '--name N --url URL --owner-login L --owner-email E --owner-password P [--plan business]',
  run: async (argv) => {
    const { flags, config } = configOf(argv, OPTIONS);
    const plan = PLANS.find((candidate) => candidate === (flags['plan'] ?? 'business'));
    if (!plan) throw new ConfigError(`--plan: must be one of ${PLANS.join(', ')}.`);
    const input = {
      name: required(flags, 'name'),
      url: required(flags, 'url'),
      ownerLogin: required(flags, 'owner-login'),
      ownerEmail: required(flags, 'owner-email'),
      ownerPassword: required(flags, 'owner-password'),
      plan,
      now: new Date(),
    };
    print(flags, { ...(await withDatabase(config, (db) => createAccount(db, input))) });
  },
};
