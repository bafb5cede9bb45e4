import { readFile } from 'node:fs/promises';
import { AppError } from '@mcp-runtime/api';
import { errnoOf } from '@mcp-runtime/base';

/** Kubelets replace tokens long before they expire, and client-go reads them again as often. */
const MAX_AGE_MS = 60_000;

/** A file that others replace. */
export interface CachedFile {
  /** What it holds, at most a minute old. @throws AppError `invalid_config` */
  read(): Promise<string>;
  /** The next `read` goes to the file. */
  forget(): void;
}

export function cachedFile(path: string, now: () => number = () => performance.now()): CachedFile {
  let last: { readonly text: string; readonly readAt: number } | undefined;
  return {
    read: async () => {
      if (last === undefined || now() - last.readAt > MAX_AGE_MS) {
        last = { text: await readText(path), readAt: now() };
      }
      return last.text;
    },
    forget: () => {
      last = undefined;
    },
  };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new AppError('invalid_config', `\`${path}\` cannot be read: ${errnoOf(error) ?? 'unknown error'}`, {
      cause: error,
    });
  }
}
