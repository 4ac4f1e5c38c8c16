import fs from 'node:fs';
import path from 'node:path';

/**
 * What a disk still has after a power cut, in a strict reading: of a file its bytes as of its last fsync; of names those
 * that stood in a directory when that was last flushed, and that of a file when it was flushed itself. (PostgreSQL
 * counts on the last, too: it never flushes the directory of a new table. Every journaling file system does so.)
 */

export interface PageRun {
  readonly at: number;
  readonly length: number;
}

/** One fsync. Times are of the monotonic clock, which processes share. */
export interface FlushRecord {
  readonly path: string;
  readonly beganAt: string;
  readonly endedAt: string;
  /** Of a file: which it is, how long, and the pages that changed; their bytes follow each other in another file. */
  readonly inode?: string;
  readonly size?: number;
  readonly runs?: readonly PageRun[];
  /** Of a directory: names, each with its file, or null for a directory. */
  readonly names?: readonly (readonly [string, string | null])[];
}

export function readJournal(folder: string): { records: FlushRecord[]; pages: string } {
  const text = fs.readFileSync(path.join(folder, 'records'), 'utf8');
  return {
    records: text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as FlushRecord),
    pages: path.join(folder, 'pages'),
  };
}

interface Content {
  readonly bytes: Buffer;
  /** Changes with each flush that changed something. */
  readonly version: number;
}

const NOTHING: Content = { bytes: Buffer.alloc(0), version: 0 };

export class Shadow {
  readonly #pages: number;
  #at = 0;
  #version = 0;
  readonly #contents = new Map<string, Content>();
  readonly #names = new Map<string, Map<string, string | null>>();

  constructor(pages: string) {
    this.#pages = fs.openSync(pages, 'r');
  }

  close(): void {
    fs.closeSync(this.#pages);
  }

  /** Takes the next flush; whether it changed what is durable. */
  apply(record: FlushRecord): boolean {
    if (record.names) {
      const before = this.#names.get(record.path);
      const names = new Map(record.names);
      this.#names.set(record.path, names);
      return before?.size !== names.size || [...names].some(([name, inode]) => before?.get(name) !== inode);
    }
    const { inode = '', size = 0, runs = [] } = record;
    const isNewName = this.#name(record.path, inode);
    const before = this.#contents.get(inode) ?? NOTHING;
    if (runs.length === 0 && before.bytes.length === size && before !== NOTHING) return isNewName;
    const bytes = Buffer.alloc(size);
    before.bytes.copy(bytes);
    for (const { at, length } of runs) {
      fs.readSync(this.#pages, bytes, at, length, this.#at);
      this.#at += length;
    }
    this.#contents.set(inode, { bytes, version: ++this.#version });
    return true;
  }

  /** Makes the name of a file durable, and those of the directories it is in; whether it is new. */
  #name(file: string, inode: string | null): boolean {
    const directory = path.dirname(file) === '.' ? '' : path.dirname(file);
    if (directory !== '') this.#name(directory, null);
    const names = this.#names.get(directory) ?? new Map<string, string | null>();
    this.#names.set(directory, names);
    const isNew = names.get(path.basename(file)) !== inode;
    names.set(path.basename(file), inode);
    return isNew;
  }

  /** Everything reachable by durable names: directories as null. */
  *files(directory = ''): Generator<[string, Content | null]> {
    for (const [name, inode] of this.#names.get(directory) ?? []) {
      const file = path.join(directory, name);
      if (inode !== null) yield [file, this.#contents.get(inode) ?? NOTHING];
      else {
        yield [file, null];
        yield* this.files(file);
      }
    }
  }
}

/** A folder that is made to look like the shadow again and again, at the cost of what differs. */
export class Copy {
  readonly #folder: string;
  /** What was written: of which version, and how the file looked afterwards. */
  readonly #written = new Map<string, { version: number; look: string }>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Writes what differs from the shadow, whether it moved on or an engine ran in the folder meanwhile. */
  follow(shadow: Shadow): void {
    const wanted = new Map(shadow.files());
    this.#removeOthers(this.#folder, '', wanted);
    for (const [file, content] of wanted) {
      const target = path.join(this.#folder, file);
      if (content === null) {
        fs.mkdirSync(target, { recursive: true, mode: 0o700 });
        continue;
      }
      const written = this.#written.get(file);
      if (written?.version === content.version && written.look === lookOf(target)) continue;
      fs.writeFileSync(target, content.bytes, { mode: 0o600 });
      this.#written.set(file, { version: content.version, look: lookOf(target) });
    }
  }

  #removeOthers(directory: string, relative: string, wanted: ReadonlyMap<string, unknown>): void {
    for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
      const file = path.join(relative, entry.name);
      const target = path.join(directory, entry.name);
      if (!wanted.has(file)) {
        fs.rmSync(target, { recursive: true });
        this.#written.delete(file);
      } else if (entry.isDirectory()) this.#removeOthers(target, file, wanted);
    }
  }
}

/** Changes when anybody writes to the file. */
function lookOf(file: string): string {
  const stat = fs.statSync(file, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.ino} ${stat.size} ${stat.mtimeNs}` : '';
}
