import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** A published server in Python, for tests. */
const SERVER = 'mcp-server-time==2026.10.19';
const WHEEL = 'mcp_server_time-2026.10.19-py3-none-any.whl';
const PIP = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--only-binary=:all:', '--retries=1'];
const PATIENCE_MS = 60_000;

/**
 * Puts a published server and all that it needs into `wheels` of a folder, once: from the package index that pip is set to. What
 * is returned says why that was not possible.
 */
export function fetchWheels(folder: string): string | undefined {
  const wheels = join(folder, 'wheels');
  if (existsSync(join(wheels, WHEEL))) return undefined;
  mkdirSync(folder, { recursive: true });
  const fresh = mkdtempSync(join(folder, 'fetching-'));
  try {
    const args = [...PIP, '--dest', fresh, SERVER];
    execFileSync('python3', args, { encoding: 'utf8', stdio: 'pipe', timeout: PATIENCE_MS });
    rmSync(wheels, { recursive: true, force: true });
    renameSync(fresh, wheels);
    return undefined;
  } catch (error) {
    rmSync(fresh, { recursive: true });
    return error instanceof Error ? (error.message.trim().split('\n').at(-1) ?? '') : String(error);
  }
}
