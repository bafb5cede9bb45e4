import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { build } from 'esbuild';
import { aNamespace, noCluster, openClient } from './support/cluster.ts';
import { aConfigMap } from './support/watching.ts';
import { CONFIG_MAPS } from '../../packages/kube/src/index.ts';

/** What a whole gateway may use while it has nothing to do. */
const GATEWAY_IDLE_MIB = 90;

interface Figures {
  readonly loadedMs: number;
  readonly syncedMs: number;
  readonly rssMib: number;
  readonly objects: number;
}

/** As it ships: one file, no types to strip. */
async function builtWatcher(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'kube-figures-'));
  const path = join(folder, 'watcher.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'support', 'watcher.ts')],
    outfile: path,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

suite('what the client costs', { skip: noCluster }, () => {
  test('a program that only watches is small', async (t) => {
    await using client = await openClient();
    await using namespace = await aNamespace(client, 'figures');
    const names = Array.from({ length: 20 }, (_, index) => `m-${index}`);
    await Promise.all(names.map((name) => client.create(CONFIG_MAPS, aConfigMap(namespace.name, name))));
    await using program = await builtWatcher();
    const output = execFileSync(process.execPath, ['--expose-gc', program.path, namespace.name], { encoding: 'utf8' });
    const figures: Figures = JSON.parse(output);
    t.diagnostic(`loaded in ${figures.loadedMs} ms, synced in ${figures.syncedMs} ms, ${figures.rssMib} MiB resident`);
    assert.ok(figures.objects >= names.length);
    assert.ok(figures.rssMib < GATEWAY_IDLE_MIB, `${figures.rssMib} MiB`);
  });
});
