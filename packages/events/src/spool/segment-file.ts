import { closeSync, constants, fdatasync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { platform } from 'node:os';
import { promisify } from 'node:util';

const sync = promisify(fdatasync);

/** The file that a spool is writing. Every method throws what the operating system says. */
export interface SegmentFile {
  /** Writes at a position; resolves to how many bytes were taken, which may be fewer than given. */
  write(bytes: Uint8Array, position: number): number;
  truncate(size: number): void;
  /** Waits until what was written survives a power failure. */
  datasync(): Promise<void>;
  close(): void;
}

export interface SegmentFiles {
  /** Opens for writing, and makes the file when there is none. */
  open(path: string): SegmentFile;
  /** Waits until files made in a folder survive a power failure. */
  syncFolder(path: string): Promise<void>;
}

/**
 * Writes are synchronous: into the page cache one takes a microsecond or two, where the thread pool
 * adds tens and would let the next turn's records overtake.
 */
export const diskFiles: SegmentFiles = {
  open(path) {
    const fd = openSync(path, constants.O_CREAT | constants.O_RDWR, 0o600);
    return {
      write: (bytes, position) => writeSync(fd, bytes, 0, bytes.length, position),
      truncate: (size) => ftruncateSync(fd, size),
      datasync: () => sync(fd),
      close: () => closeSync(fd),
    };
  },
  async syncFolder(path) {
    // Windows opens no folders; its file systems journal names by themselves.
    if (platform() === 'win32') return;
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};
