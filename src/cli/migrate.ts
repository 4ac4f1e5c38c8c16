import { DATABASE_OPTIONS } from '../config.ts';
import { migrate, openDatabase } from '../storage/index.ts';
import type { Command } from './main.ts';
import { configOf, print } from './support.ts';

export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'Bring the schema of the database up to date.',
  usage: '[--data FOLDER | --database-url URL]',
  run: async (argv) => {
    const { flags, config } = configOf(argv, DATABASE_OPTIONS);
    const db = await openDatabase(
      config.databaseUrl ? { url: config.databaseUrl } : { directory: config.data },
    );
    try {
      const applied = await migrate(db);
      print(
        flags,
        flags['json'] ? { applied } : { applied: applied.join(', ') || 'nothing, the schema is up to date' },
      );
    } finally {
      await db.close();
    }
  },
};
