import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import type { FlushRecord, PageRun } from './shadow.ts';

/**
 * Loaded before the program, in each of its threads, with --import: writes down what every fsync below a folder made
 * durable. A file's record holds the pages that changed since its last flush; a directory's the names in it.
 * The program itself runs unchanged.
 */

const PAGE = 8_192;
const root = process.env['FLUSH_ROOT'];
const journal = process.env['FLUSH_JOURNAL'];

if (root && journal) record(fs.realpathSync(root), journal);

function record(folder: string, into: string): void {
  const durable = new Map<string, Buffer>();
  const records = fs.openSync(path.join(into, 'records'), 'a');
  const pages = fs.openSync(path.join(into, 'pages'), 'a');
  /** When this file is there, fsync does what it does in the engine as shipped: nothing. */
  const off = path.join(into, 'off');
  const flush = fs.fsyncSync;
  fs.fsyncSync = (handle: number): void => {
    const file = fs.readlinkSync(`/proc/self/fd/${handle}`);
    // Of a file without a name any more the kernel says so.
    if (file.endsWith(' (deleted)')) return;
    const relative = path.relative(folder, file);
    if (relative.startsWith('..')) {
      flush(handle);
      return;
    }
    if (fs.existsSync(off)) return;
    const began = process.hrtime.bigint();
    const what = fs.fstatSync(handle).isDirectory() ? namesIn(file) : changesOf(handle);
    flush(handle);
    const entry: FlushRecord = {
      path: relative,
      beganAt: String(began),
      endedAt: String(process.hrtime.bigint()),
      ...what,
    };
    fs.writeSync(records, `${JSON.stringify(entry)}\n`);
  };
  // Those who imported the function by name get this one, too.
  syncBuiltinESMExports();

  function changesOf(handle: number): { inode: string; size: number; runs: PageRun[] } {
    const inode = inodeOf(fs.fstatSync(handle, { bigint: true }));
    const size = fs.fstatSync(handle).size;
    // The engine's handle may be open for writing only.
    const reading = fs.openSync(`/proc/self/fd/${handle}`, 'r');
    const now = Buffer.alloc(size);
    fs.readSync(reading, now, 0, size, 0);
    fs.closeSync(reading);
    const before = durable.get(inode) ?? Buffer.alloc(0);
    const runs: PageRun[] = [];
    for (let at = 0; at < size; at += PAGE) {
      const page = now.subarray(at, at + PAGE);
      if (page.equals(before.subarray(at, at + PAGE))) continue;
      fs.writeSync(pages, page);
      runs.push({ at, length: page.length });
    }
    durable.set(inode, now);
    return { inode, size, runs };
  }
}

/** A number may be given to another file later; with the time of birth it is not. */
const inodeOf = (stat: fs.BigIntStats): string => `${stat.ino}-${stat.birthtimeNs}`;

function namesIn(directory: string): { names: [string, string | null][] } {
  return {
    names: fs.readdirSync(directory).map((name): [string, string | null] => {
      const stat = fs.lstatSync(path.join(directory, name), { bigint: true });
      return [name, stat.isDirectory() ? null : inodeOf(stat)];
    }),
  };
}
