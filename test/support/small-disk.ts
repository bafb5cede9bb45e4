import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own that is soon full. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Writes a file until nothing fits any more, but for `leaveBytes`. */
  fill(leaveBytes: number): Promise<void>;
  makeSpace(): Promise<void>;
}

/** Undefined where this process may not mount one. */
export function mountSmallDisk(bytes: number): SmallDisk | undefined {
  const path = mkdtempSync(join(tmpdir(), 'mcp-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path]);
  if (mounted.status !== 0) return undefined;
  const filler = join(path, 'filler');
  return {
    path,
    fill: async (leaveBytes) => {
      await using file = await open(filler, 'w');
      const block = Buffer.alloc(4096, 1);
      let written = 0;
      for (let fits = true; fits;) {
        fits = await file.write(block).then(
          ({ bytesWritten }) => bytesWritten === block.length,
          () => false,
        );
        if (fits) written += block.length;
      }
      await file.truncate(Math.max(0, written - leaveBytes));
    },
    makeSpace: () => rm(filler),
    [Symbol.asyncDispose]: async () => {
      spawnSync('umount', ['-l', path]);
      await rm(path, { recursive: true, force: true });
    },
  };
}
