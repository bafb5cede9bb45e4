import { dirname, join } from 'node:path';
import { ENV, HOME, USER, baseLayer } from './base-layer.ts';
import { treeAt, withFolders } from './files.ts';
import { closureOf, readLockfile } from './lockfile.ts';
import { type ImageArchive, imageArchive } from './oci.ts';

const root = dirname(dirname(import.meta.dirname));
const PACKAGE = 'node_modules/@modelcontextprotocol/server-everything';

/**
 * For tests: a published MCP server as an image of its own, at the version of the lockfile. It listens on PORT (3001), at
 * /mcp; with the argument `stdio` it speaks on standard input and output.
 */
export function everythingImage(name: string): ImageArchive {
  const folders = closureOf(readLockfile(join(root, 'package-lock.json')), PACKAGE);
  const nested = /(?:^|\/)node_modules\//;
  const packages = folders.flatMap((folder) => treeAt(join(root, folder), `app/${folder}`, nested));
  return imageArchive({
    name,
    config: {
      User: `${USER}:${USER}`,
      Entrypoint: [`/${HOME}/bin/node`, `/app/${PACKAGE}/dist/index.js`],
      Cmd: ['streamableHttp'],
      Env: ENV,
      WorkingDir: '/app',
    },
    layers: [withFolders(baseLayer()), withFolders(packages)],
  });
}
