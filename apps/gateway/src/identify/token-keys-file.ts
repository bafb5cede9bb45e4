import { readFile } from 'node:fs/promises';
import { AppError, SessionTokenKeys } from '@mcp-runtime/api';
import { type Logger } from '@mcp-runtime/base';
import { versionOf, watchFiles } from '../watch-files.ts';
import { type FollowedTokenKeys, holdTokenKeys } from './token-keys.ts';

interface KeysFileOptions {
  /** Of a JSON Web Key Set. */
  readonly path: string;
  readonly log: Logger;
}

/**
 * The keys of a file, read again whenever it changes. A file that became invalid leaves the last valid keys in force.
 * Rejects with AppError `invalid_config` when the file is not valid at the start.
 */
export async function watchTokenKeysFile({ path, log }: KeysFileOptions): Promise<FollowedTokenKeys> {
  const holder = holdTokenKeys();
  let seen = '';
  let fault: string | undefined;

  async function load(): Promise<void> {
    const version = await versionOf(path);
    if (version === seen) return;
    seen = version;
    holder.publish(await read(path));
    fault = undefined;
  }

  function onFault(error: unknown): void {
    fault = error instanceof Error ? error.message : String(error);
    log.error('the key file is not valid; the keys before it stay in force', { path, error: fault });
  }

  const watching = await watchFiles({ paths: [path], load, onFault });
  return {
    ...watching,
    current: () => holder.current(),
    // A token may come sooner than the next look at the file.
    newer: async () => {
      await load().catch(onFault);
      return holder.current();
    },
    fault: () => fault,
  };
}

/** @throws AppError `invalid_config` that says what the file must be. */
async function read(path: string): Promise<SessionTokenKeys> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AppError('invalid_config', `the key file \`${path}\` cannot be read`, {
      cause,
      next: 'check the path given to --jwks',
    });
  });
  try {
    return SessionTokenKeys.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError('invalid_config', `${path}: must be a JSON Web Key Set with public Ed25519 or P-256 keys`, {
      cause,
      next: 'mcp-runtime access key list --output json prints one',
    });
  }
}
