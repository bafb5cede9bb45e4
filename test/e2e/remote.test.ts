/** Servers that run elsewhere: `source.url`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ServerList } from '@mcp-runtime/api';
import { startBridge } from '../support/standalone.ts';
import { tempDir } from '../support/temp-dir.ts';
import { untilTrue } from '../support/until.ts';
import { startUp } from '../support/up.ts';

const REFUSED = 'may not connect to the address';

test('up reaches a server on this machine where its URL says so, and none inside a network', async () => {
  await using folder = await tempDir();
  await using bridge = await startBridge(folder.path);
  const file = join(folder.path, 'servers.yaml');
  const serverAt = (name: string, url: string): string =>
    JSON.stringify({
      apiVersion: 'mcpruntime.org/v1alpha1',
      kind: 'MCPServer',
      metadata: { name },
      spec: { source: { url } },
    });
  await writeFile(
    file,
    [serverAt('here', bridge.url), serverAt('inside', 'http://169.254.169.254/mcp')].join('\n---\n'),
  );
  await using up = await startUp({ dataDir: join(folder.path, 'data'), files: [file], until: 'reachable' });
  await untilTrue('one is ready, the other says why not', async () => {
    const { servers } = await up.call(ServerList, 'GET', '/runtime/servers');
    const messageOf = (name: string): string => servers.find((one) => one.name === name)?.message ?? '';
    return messageOf('here').includes('answers through the gateway') && messageOf('inside').includes(REFUSED);
  });
});
