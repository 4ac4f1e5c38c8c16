import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import type { Database, WriteTx } from './database.ts';

/** migrations/ lies at the root of the package, beside dist/. */
function folder(): URL {
  for (const up of ['../../migrations/', '../../../migrations/']) {
    const url = new URL(up, import.meta.url);
    if (existsSync(fileURLToPath(url))) return url;
  }
  throw new Error('The folder migrations/ is missing beside the program.');
}

interface Migration {
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

function read(): Migration[] {
  const at = folder();
  return readdirSync(at)
    .filter((name) => /^\d{4}_\w+\.sql$/.test(name))
    .sort()
    .map((name) => {
      const text = readFileSync(new URL(name, at), 'utf8');
      return { name, text, checksum: createHash('sha256').update(text).digest('hex') };
    });
}

/**
 * Applies what is missing, in order, each file in one transaction; returns the names applied.
 * Of two processes that start together one applies, the other waits and finds nothing to do. Throws if an applied
 * file was changed afterwards, or if the database knows one that this program does not.
 */
export async function migrate(db: Database): Promise<string[]> {
  const migrations = read();
  await createLedger(db);
  const applied: string[] = [];
  for (const migration of migrations) {
    const isNew = await db.write((tx) => apply(tx, migration));
    if (isNew) applied.push(migration.name);
  }
  const known = new Set(migrations.map((migration) => migration.name));
  const stored = await db.read((tx) => sql<{ name: string }>`select name from schema_migration`.execute(tx));
  const strange = stored.rows.find((row) => !known.has(row.name));
  if (strange)
    throw new Error(
      `The database has the migration ${strange.name}, which this program does not know: it is older than the data.`,
    );
  return applied;
}

async function apply(tx: WriteTx, migration: Migration): Promise<boolean> {
  await sql`lock table schema_migration in share row exclusive mode`.execute(tx);
  const { rows } = await sql<{ checksum: string }>`
    select checksum from schema_migration where name = ${migration.name}`.execute(tx);
  const [row] = rows;
  if (row && row.checksum !== migration.checksum)
    throw new Error(`The migration ${migration.name} was changed after it was applied.`);
  if (row) return false;
  await sql.raw(migration.text).execute(tx);
  await sql`insert into schema_migration (name, checksum, applied_at)
    values (${migration.name}, ${migration.checksum}, ${new Date()})`.execute(tx);
  return true;
}

/** Two processes may find it missing at once; the one that comes second is told so by the catalogue. */
async function createLedger(db: Database): Promise<void> {
  try {
    await db.writeOnce(sql`create table if not exists schema_migration (
      name text primary key, checksum text not null, applied_at timestamptz not null)`);
  } catch (error) {
    if (!['23505', '42P07', '42710'].includes((error as { code?: string }).code ?? '')) throw error;
  }
}
