import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Folder of this package, whose `node_modules` may hold packages that servers come from. */
export async function packageRoot(): Promise<string | undefined> {
  for (const place of ['../', '../../../../../']) {
    const folder = new URL(place, import.meta.url);
    const manifest = await readFile(new URL('package.json', folder), 'utf8').then(
      (text): { name?: string } => JSON.parse(text),
      () => undefined,
    );
    if (manifest?.name === 'mcp-runtime') return fileURLToPath(folder);
  }
  return undefined;
}
