import { stat } from 'node:fs/promises';
import { type Running, closeOnce } from '@mcp-runtime/base';

const POLL_MS = 250;

interface WatchOptions {
  readonly paths: readonly string[];
  /** Reads the files and puts them to use, whole or not at all. */
  readonly load: () => Promise<void>;
  /** A later `load` failed: what was loaded before it stays. */
  readonly onFault: (error: unknown) => void;
}

/**
 * Loads files that belong together, and again when they changed and then stayed the same between two looks: those who
 * write them one after the other are not caught in between. Rejects when the first `load` does.
 */
export async function watchFiles({ paths, load, onFault }: WatchOptions): Promise<Running> {
  const versions = async (): Promise<string> => (await Promise.all(paths.map(versionOf))).join(' ');
  let loaded = await versions();
  let before = loaded;
  let isLooking = false;
  await load();

  async function look(): Promise<void> {
    const now = await versions();
    const isSettled = now === before;
    before = now;
    if (!isSettled || now === loaded) return;
    loaded = now;
    await load().catch(onFault);
  }

  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    void look().finally(() => (isLooking = false));
  }, POLL_MS);
  timer.unref();
  return closeOnce(async () => clearInterval(timer));
}

/** Changes whenever a file is replaced or written to. A symbolic link is followed, as mounted volumes swap those. */
export function versionOf(path: string): Promise<string> {
  return stat(path).then(
    ({ mtimeMs, size, ino }) => `${mtimeMs}:${size}:${ino}`,
    () => 'unreadable',
  );
}
