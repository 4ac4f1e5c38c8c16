import { sql } from 'kysely';
import type { Database } from './database.ts';

/**
 * Tells the planner what the tables hold, after a load that changed them out of proportion. Both engines do so by
 * themselves, but minutes later; until then a page of a list may read the whole table.
 */
export async function takeStatistics(db: Database): Promise<void> {
  await db.writeOnce(sql`vacuum (analyze)`, 'bulk');
}
