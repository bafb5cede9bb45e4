import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@mcp-runtime/api';
import { type Logger } from '@mcp-runtime/base';
import { isBusy } from '../store/sqlite-errors.ts';

const LOOK_EVERY_MS = 100;

interface Waiting {
  readonly dir: string;
  readonly writer: string;
  readonly waitMs: number;
  readonly log: Logger;
}

/**
 * Keeps other processes from a writer until it is released or this process dies, and waits `waitMs` milliseconds for one that is
 * still at it. Node has no `flock`, so it is SQLite's lock of an empty file: the operating system gives it up with its holder,
 * whoever that was and in whichever container.
 * @throws AppError `data_in_use` when the other one does not end; else what SQLite says.
 */
export async function lockWriter({ dir, writer, waitMs, log }: Waiting): Promise<() => void> {
  const until = performance.now() + waitMs;
  const file = new DatabaseSync(join(dir, `${writer}.lock`));
  try {
    for (let looks = 0; !tryLock(file); looks++) {
      if (performance.now() >= until) throw inUse(join(dir, writer));
      if (looks === 0) log.warn('another process writes the audit spool: waiting for it to end', { writer, waitMs });
      await delay(LOOK_EVERY_MS);
    }
    return () => file.close();
  } catch (error) {
    file.close();
    throw error;
  }
}

function tryLock(file: DatabaseSync): boolean {
  try {
    // Nothing is written that would have to be undone, so no journal is made beside it.
    file.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw error;
  }
}

function inUse(folder: string): AppError {
  return new AppError('data_in_use', `another process writes the audit spool \`${folder}\``, {
    next: 'end it, or give this one a folder of its own',
  });
}
