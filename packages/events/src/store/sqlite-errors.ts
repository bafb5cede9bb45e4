import { AppError } from '@mcp-runtime/api';

/** Primary result codes of https://www.sqlite.org/rescode.html. */
const BUSY = 5;
const LOCKED = 6;
const IO_ERROR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANNOT_OPEN = 14;
const NOT_A_DATABASE = 26;

/** Runs `work`, and translates what SQLite says of the file at `path`. */
export function translatingErrors<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toStoreError(path, error);
  }
}

/** Whether another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  return primaryCodeOf(error) === BUSY;
}

function primaryCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}

function toStoreError(path: string, error: unknown): unknown {
  switch (primaryCodeOf(error)) {
    case BUSY:
    case LOCKED:
      return new AppError('data_in_use', `another process uses the event store \`${path}\``, { cause: error });
    case CORRUPT:
    case NOT_A_DATABASE:
      return corruptStore(path, 'is damaged', error);
    case FULL:
      return new AppError('disk_full', `there is no space left for the event store \`${path}\``, {
        cause: error,
        next: 'make space and try again',
      });
    case IO_ERROR:
    case CANNOT_OPEN:
      return new AppError('service_unavailable', `the event store \`${path}\` cannot be read or written`, {
        cause: error,
        next: 'look at the disk and the permissions of the folder',
      });
    default:
      return error;
  }
}

export function corruptStore(path: string, why: string, cause?: unknown): AppError {
  return new AppError('data_corrupt', `the event store \`${path}\` ${why}`, {
    cause,
    next: 'restore it from a backup, or move it away to start an empty one',
  });
}
