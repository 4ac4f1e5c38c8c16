import { closeSync, fsyncSync, openSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { NodeFS } from '@electric-sql/pglite/nodefs';

/** The part of Emscripten's module that is patched: its NODEFS has no fsync of its own. */
interface EmscriptenModule {
  NODEFS: { stream_ops: { fsync?: (stream: { nfd: number }) => number } };
}

/** Counts since the engine was opened; tests read it. */
export const counters = { fsyncs: 0 };

/**
 * PGlite's file system on Node, with an fsync that reaches the disk. As shipped, PGlite loses every row in a power
 * cut: its fsync does nothing.
 */
export class DurableNodeFS extends NodeFS {
  override async init(...args: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const result = await super.init(...args);
    const options = result.emscriptenOpts as unknown as { preRun: ((module: EmscriptenModule) => void)[] };
    options.preRun.push((module) => {
      module.NODEFS.stream_ops.fsync = (stream) => {
        fsyncSync(stream.nfd);
        counters.fsyncs++;
        return 0;
      };
    });
    return result;
  }
}

function syncOne(file: string): void {
  const handle = openSync(file, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Flushes every file and directory below, and the directory's own entry: after a first start nothing else has done so. */
export function syncTree(directory: string): void {
  const walk = (current: string): void => {
    for (const name of readdirSync(current)) {
      const file = path.join(current, name);
      if (statSync(file).isDirectory()) walk(file);
      else syncOne(file);
    }
    syncOne(current);
  };
  walk(directory);
  syncOne(path.dirname(directory));
}
