import { stripVTControlCharacters } from 'node:util';
import { AppError } from '@mcp-runtime/api';
import { errnoOf } from '@mcp-runtime/base';

/** A source that cannot run until somebody changes it: trying again is of no use. */
export class UnusableSource extends AppError {}

/** Anything caught while a server is prepared or started, as an error for its state. */
export function toFailure(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (errnoOf(error) === 'ENOSPC')
    return new AppError('disk_full', 'no space is left for the server', { cause: error });
  return new AppError('internal', 'the server could not be started', { cause: error });
}

export function cannotStart(command: string, error: unknown): AppError {
  const errno = errnoOf(error);
  const message =
    errno === 'ENOENT'
      ? `program \`${command}\` was not found`
      : `program \`${command}\` cannot be started: ${errno ?? 'unknown reason'}`;
  return new AppError('server_exited', message, { cause: error });
}

export function describeExit(status: number | null, signal: NodeJS.Signals | null, stderr: readonly string[]): string {
  const how = signal === null ? `exited with status ${status ?? 'unknown'}` : `was ended by ${signal}`;
  const line = tellingLine(stderr);
  return line === undefined ? how : `${how}: ${line}`;
}

const MAX_MESSAGE_LENGTH = 400;
const NAMES_AN_ERROR = /^\S*(Error|Exception)\b.*[:[]/;
const SAYS_NOTHING = /^(Node\.js v|\s+at |[\s{}^~]*$)/;

/** The line that says most about why a program ended: an error's message, else the last one with words in it. */
export function tellingLine(lines: readonly string[]): string | undefined {
  const plain = lines.map((line) => stripVTControlCharacters(line));
  const line =
    plain.findLast((text) => NAMES_AN_ERROR.test(text)) ?? plain.findLast((text) => !SAYS_NOTHING.test(text));
  return line?.trim().slice(0, MAX_MESSAGE_LENGTH);
}
