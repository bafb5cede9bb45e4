import { randomBytes } from 'node:crypto';
import { AppError } from '@mcp-runtime/api';
import { readIfPresent, writeFileAtomically } from '@mcp-runtime/base';

const KEY_BYTES = 32;

/**
 * Session keys of a file: one a line, 32 bytes in base64url, the newest first. To rotate, put a new line before the others
 * and remove the last one when its sessions may end. Made with one key (mode 0600) when there is no file.
 * @throws AppError `invalid_config` for a line that is no key.
 */
export async function openSessionKeys(path: string): Promise<readonly Buffer[]> {
  const text = await readIfPresent(path);
  if (text === undefined) {
    const key = randomBytes(KEY_BYTES);
    await writeFileAtomically(path, `${key.toString('base64url')}\n`, 0o600);
    return [key];
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const keys = lines.map((line) => Buffer.from(line.trim(), 'base64url'));
  const bad = keys.findIndex((key) => key.length !== KEY_BYTES);
  if (bad !== -1 || keys.length === 0) {
    throw new AppError(
      'invalid_config',
      `${path}:${bad + 1}: must be ${KEY_BYTES} bytes in base64url, one key a line`,
      {
        next: 'correct the file, or remove it to get a new key (open MCP sessions end)',
      },
    );
  }
  return keys;
}
