import { AppError, type ErrorCode } from '@mcp-runtime/api';

/** Primary result codes of SQLite (sqlite.org/rescode.html) that mean something to the user. */
const CODES: Readonly<Record<number, { readonly code: ErrorCode; readonly what: string; readonly next: string }>> = {
  5: { code: 'data_in_use', what: 'is used by another process', next: 'stop the other runtime, or use another folder' },
  11: { code: 'data_corrupt', what: 'is damaged', next: 'restore it from a backup, or move it away' },
  13: { code: 'disk_full', what: 'cannot grow: the disk is full', next: 'make space and try again' },
  26: { code: 'data_corrupt', what: 'is not a database', next: 'restore it from a backup, or move it away' },
};

/** What SQLite threw, as the AppError that it means; anything unknown is `internal`. */
export function asStorageError(error: unknown, path: string): AppError {
  if (error instanceof AppError) return error;
  const known = error instanceof SyntaxError ? CODES[11] : CODES[primaryCode(error)];
  if (known === undefined) return new AppError('internal', `\`${path}\` cannot be read or written`, { cause: error });
  return new AppError(known.code, `\`${path}\` ${known.what}`, { cause: error, next: known.next });
}

/** The low byte; extended codes keep their detail above it. */
function primaryCode(error: unknown): number {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return 0;
  return error.errcode & 0xff;
}
