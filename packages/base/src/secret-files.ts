import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret } from './secret.ts';

/**
 * A secret that is a file below a folder, such as a mounted volume; one line feed at its end does not count. Undefined when
 * there is none. No part can lead out of the folder.
 */
export async function readSecretFile(root: string, parts: readonly string[]): Promise<Secret | undefined> {
  if (!parts.every((part) => /^[\w.-]+$/.test(part) && !part.startsWith('.'))) return undefined;
  return readFile(join(root, ...parts), 'utf8').then(
    (text) => new Secret(text.replace(/\n$/, '')),
    () => undefined,
  );
}
