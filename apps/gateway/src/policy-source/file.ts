import { readFile, stat } from 'node:fs/promises';
import { AppError } from '@mcp-runtime/api';
import { type Logger, type Running, closeOnce } from '@mcp-runtime/base';
import { compilePolicy, parsePolicy } from '@mcp-runtime/policy';
import { type PolicyHolder } from './holder.ts';

const POLL_MS = 250;

export interface PolicyFileStatus {
  readonly loadedAt: string | undefined;
  /** Why the file as it is now is not in force; the policy before it still is. */
  readonly lastError: string | undefined;
}

export interface PolicyFile extends Running {
  status(): PolicyFileStatus;
}

interface PolicyFileOptions {
  readonly path: string;
  readonly holder: PolicyHolder;
  readonly log: Logger;
}

/**
 * Publishes the policy of a file, and again whenever the file changes. A file that became invalid leaves the last
 * valid policy in force. Rejects with AppError `invalid_config` when the file is not valid at the start.
 */
export async function watchPolicyFile({ path, holder, log }: PolicyFileOptions): Promise<PolicyFile> {
  let status: PolicyFileStatus = { loadedAt: undefined, lastError: undefined };
  let seen = await versionOf(path);
  await load(undefined);
  const timer = setInterval(() => void check(), POLL_MS);
  timer.unref();

  async function load(publishedAt: number | undefined): Promise<void> {
    const parsed = parsePolicy(await readFile(path, 'utf8'));
    if (!parsed.ok) throw new AppError('invalid_config', `${path}: ${parsed.message}`);
    holder.publish(compilePolicy(parsed.document), publishedAt);
    status = { loadedAt: new Date().toISOString(), lastError: undefined };
  }

  async function check(): Promise<void> {
    const version = await versionOf(path).catch(() => UNREADABLE);
    if (version.text === seen.text) return;
    seen = version;
    await load(version.modifiedAt).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      status = { ...status, lastError: message };
      log.error('the policy file is not valid; the policy before it stays in force', { path, error: message });
    });
  }

  const running = closeOnce(async () => clearInterval(timer));
  return { ...running, status: () => status };
}

interface Version {
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number | undefined;
}

const UNREADABLE: Version = { text: 'unreadable', modifiedAt: undefined };

/** Its text changes whenever a file is replaced or written to. A symbolic link is followed, as mounted volumes swap those. */
async function versionOf(path: string): Promise<Version> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return { text: `${mtimeMs}:${size}:${ino}`, modifiedAt: mtimeMs };
  } catch (cause) {
    throw new AppError('invalid_config', `the policy file \`${path}\` cannot be read`, {
      cause,
      next: 'check the path given to --policy',
    });
  }
}
