import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { type Database, migrate, type OnStatement, openDatabase } from '../../src/storage/index.ts';
import { startCluster } from './postgres.ts';

/** Fresh, migrated databases on both engines: a template is made once, and copied. */

export type Engine = 'embedded' | 'postgresql';

export const ENGINES: readonly Engine[] = (['embedded', 'postgresql'] as const).filter(
  (engine) => !process.env['ROLLBOOK_TEST_ENGINE'] || process.env['ROLLBOOK_TEST_ENGINE'] === engine,
);

const TEMPLATE_DATABASE = 'rollbook_template';

let prepared: Promise<string> | undefined;

/** The test cluster's maintenance URL: the run's (scripts/test.mjs), or one started by this process. */
export function clusterUrl(): Promise<string> {
  prepared ??= prepareCluster();
  return prepared;
}

async function prepareCluster(): Promise<string> {
  const given = process.env['TEST_POSTGRES_URL'];
  if (given) return given;
  const { url } = await startCluster();
  await makeTemplateDatabase(url);
  return url;
}

/** Makes the migrated database that others are cloned from. */
export async function makeTemplateDatabase(url: string): Promise<void> {
  await onMaintenance(url, `create database ${TEMPLATE_DATABASE}`);
  const db = await openDatabase({ url: databaseUrl(url, TEMPLATE_DATABASE) });
  await migrate(db);
  await db.close();
}

export const databaseUrl = (url: string, name: string): string => url.replace(/\/[^/]*$/, `/${name}`);

async function onMaintenance(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** An empty migrated database on PostgreSQL: its URL, and how to remove it. */
export async function freshPostgresql(): Promise<{ url: string; remove: () => Promise<void> }> {
  const url = await clusterUrl();
  const name = `test_${randomBytes(8).toString('hex')}`;
  for (let attempt = 1; ; attempt++) {
    try {
      await onMaintenance(url, `create database ${name} template ${TEMPLATE_DATABASE}`);
      break;
    } catch (error) {
      // 55006: another test file is being given its clone at this moment.
      if ((error as { code?: string }).code !== '55006' || attempt > 100) throw error;
      await new Promise((done) => setTimeout(done, 50 + Math.random() * 100));
    }
  }
  return {
    url: databaseUrl(url, name),
    remove: () => onMaintenance(url, `drop database if exists ${name} with (force)`),
  };
}

let folderTemplate: Promise<string> | undefined;

/** A folder with a migrated embedded database, made once. */
export function templateFolder(): Promise<string> {
  folderTemplate ??= makeTemplateFolder();
  return folderTemplate;
}

async function makeTemplateFolder(): Promise<string> {
  const given = process.env['TEST_FOLDER_TEMPLATE'];
  if (given && existsSync(given)) return given;
  const folder = temporaryFolder();
  const db = await openDatabase({ directory: folder });
  await migrate(db);
  await db.close();
  return folder;
}

/** A new folder that is removed when the process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'rollbook-test-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder with an empty migrated embedded database. */
export async function freshFolder(): Promise<string> {
  const folder = temporaryFolder();
  cpSync(await templateFolder(), folder, { recursive: true });
  return folder;
}

/** A migrated, empty database; closing it removes it. */
export async function freshDatabase(engine: Engine, onStatement?: OnStatement): Promise<Database> {
  if (engine === 'embedded') {
    const folder = await freshFolder();
    const db = await openDatabase({ directory: folder }, onStatement);
    return {
      ...db,
      close: async () => {
        await db.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  }
  const { url, remove } = await freshPostgresql();
  const db = await openDatabase({ url }, onStatement);
  return {
    ...db,
    close: async () => {
      await db.close();
      await remove();
    },
  };
}
