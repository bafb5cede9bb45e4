import { readFile, stat } from 'node:fs/promises';
import { AppError, SessionTokenKeys } from '@mcp-runtime/api';
import { type Logger, type Running, closeOnce } from '@mcp-runtime/base';
import { type TokenKeySource, holdTokenKeys } from './token-keys.ts';

const POLL_MS = 250;

interface KeysFileOptions {
  /** Of a JSON Web Key Set. */
  readonly path: string;
  readonly log: Logger;
}

/**
 * The keys of a file, read again whenever it changes. A file that became invalid leaves the last valid keys in force.
 * Rejects with AppError `invalid_config` when the file is not valid at the start.
 */
export async function watchTokenKeysFile({ path, log }: KeysFileOptions): Promise<TokenKeySource & Running> {
  const holder = holdTokenKeys();
  let seen = '';
  const reload = async (): Promise<void> => {
    const version = await versionOf(path);
    if (version === seen) return;
    seen = version;
    holder.publish(await read(path));
  };
  await reload();
  const check = (): Promise<void> =>
    reload().catch((error: unknown) => {
      log.error('the key file is not valid; the keys before it stay in force', { path, error: String(error) });
    });
  const timer = setInterval(() => void check(), POLL_MS);
  timer.unref();
  return {
    ...closeOnce(async () => clearInterval(timer)),
    current: () => holder.current(),
    // A token may come sooner than the next look at the file.
    newer: async () => {
      await check();
      return holder.current();
    },
  };
}

/** @throws AppError `invalid_config` that names the member at fault. */
async function read(path: string): Promise<SessionTokenKeys> {
  const text = await readFile(path, 'utf8');
  try {
    return SessionTokenKeys.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError('invalid_config', `${path}: must be a JSON Web Key Set with public Ed25519 or P-256 keys`, {
      cause,
      next: 'mcp-runtime access key list --output json prints one',
    });
  }
}

/** Changes whenever a file is replaced or written to. A symbolic link is followed, as mounted volumes swap those. */
async function versionOf(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${mtimeMs}:${size}:${ino}`;
  } catch (cause) {
    throw new AppError('invalid_config', `the key file \`${path}\` cannot be read`, {
      cause,
      next: 'check the path given to --jwks',
    });
  }
}
