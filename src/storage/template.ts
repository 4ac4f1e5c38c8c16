import { renameSync, rmSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';

/** Initialises a folder of the embedded engine (initdb in WebAssembly: some seconds), whole or not at all. */
export async function makeTemplate(folder: string): Promise<void> {
  const draft = `${folder}.draft`;
  rmSync(draft, { recursive: true, force: true });
  const database = await PGlite.create(draft);
  await database.exec('checkpoint');
  await database.close();
  rmSync(folder, { recursive: true, force: true });
  renameSync(draft, folder);
}
