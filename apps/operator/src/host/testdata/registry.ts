import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { listenOn } from '@mcp-runtime/base';
import { TELLS_ITSELF } from './fixture.ts';

const run = promisify(execFile);

export interface Registry extends AsyncDisposable {
  /** With this npm finds it, and nothing of the user's. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Paths that were asked for. */
  readonly requests: readonly string[];
  /** Of the package. */
  readonly integrity: string;
}

/** The part of an npm registry that an installation needs, with one package: `@team/tells@1.2.3`. */
export async function startRegistry(): Promise<Registry> {
  const folder = await mkdtemp(join(tmpdir(), 'registry-'));
  await mkdir(join(folder, 'package'));
  await writeFile(join(folder, 'package/index.js'), TELLS_ITSELF);
  const manifest = {
    name: '@team/tells',
    version: '1.2.3',
    bin: { tells: 'index.js', other: 'other.js' },
    scripts: { postinstall: 'touch installed-by-script' },
  };
  await writeFile(join(folder, 'package/package.json'), JSON.stringify(manifest));
  await run('tar', ['-czf', 'package.tgz', 'package'], { cwd: folder });
  const tarball = await readFile(join(folder, 'package.tgz'));
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;

  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    requests.push(path);
    const dist = { tarball: `${url}/package.tgz`, integrity };
    if (path === '/package.tgz') response.end(tarball);
    else if (path !== '/@team/tells') response.writeHead(404).end('{}');
    else response.end(JSON.stringify({ name: manifest.name, versions: { '1.2.3': { ...manifest, dist } } }));
  });
  const port = await listenOn(server);
  const url = `http://127.0.0.1:${port}`;
  return {
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      npm_config_registry: url,
      npm_config_fetch_retries: '0',
    },
    requests,
    integrity,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}
