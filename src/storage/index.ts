/**
 * Where data lives: one SQL dialect on two engines, the embedded PGlite or a PostgreSQL server, behind one driver.
 * Knows no domain word.
 */
import type { Database, OnStatement } from './database.ts';
import { openEmbedded } from './embedded.ts';
import { openPostgresql } from './postgresql.ts';

export {
  type Database,
  type OnStatement,
  type ReadTx,
  violatedConstraint,
  type WriteTx,
} from './database.ts';
export { type EmbeddedDatabase, openEmbedded } from './embedded.ts';
export { DataFolderInUse } from './folder-lock.ts';
export type { Lane } from './lanes.ts';
export { migrate } from './migrate.ts';
export { takeStatistics } from './statistics.ts';

export type Where = { readonly url: string } | { readonly directory: string };

/** Opens the database; throws DataFolderInUse when another process holds the embedded one. */
export async function openDatabase(where: Where, onStatement?: OnStatement): Promise<Database> {
  return 'url' in where ? openPostgresql(where.url, onStatement) : openEmbedded(where.directory, onStatement);
}
