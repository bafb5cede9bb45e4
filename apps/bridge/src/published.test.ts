import assert from 'node:assert/strict';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { type Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { type Bridge, type BridgeOptions } from './options.ts';
import { aBridge, isRunning, until } from './testing/bridge.ts';

async function aFolder(t: TestContext): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'bridge-')));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

function bridgeTo(server: string, args: readonly string[], options: Partial<BridgeOptions> = {}): Promise<Bridge> {
  const script = fileURLToPath(import.meta.resolve(`@modelcontextprotocol/${server}/dist/index.js`));
  return aBridge({ args: [script, ...args], ...options });
}

async function connected(bridge: Bridge, client = new Client({ name: 'test', version: '1' })): Promise<Client> {
  const transport = new StreamableHTTPClientTransport(new URL(bridge.url));
  // `connect` takes no class whose `sessionId` may be undefined, so it gets one without.
  const adapter: Transport = {
    start: () => {
      Object.assign(transport, { onmessage: adapter.onmessage, onclose: adapter.onclose, onerror: adapter.onerror });
      return transport.start();
    },
    send: (message) => transport.send(message),
    close: () => transport.close(),
    setProtocolVersion: (version) => transport.setProtocolVersion(version),
  };
  await client.connect(adapter);
  return client;
}

for (const process of ['per-session', 'shared'] as const) {
  test(`server-memory, ${process}: what one client writes, it reads`, async (t) => {
    const file = join(await aFolder(t), 'memory.json');
    await using bridge = await bridgeTo('server-memory', [], { process, env: { MEMORY_FILE_PATH: file } });
    const client = await connected(bridge);
    const entities = [{ name: 'Ada', entityType: 'person', observations: ['writes'] }];
    await client.callTool({ name: 'create_entities', arguments: { entities } });
    const graph = await client.callTool({ name: 'read_graph' });
    assert.deepEqual(graph.structuredContent, { entities, relations: [] });
    await client.close();
  });

  test(`server-everything, ${process}: the server asks the client, and tells of progress`, async () => {
    await using bridge = await bridgeTo('server-everything', ['stdio'], { process, maxMessageBytes: 1_000_000 });
    const client = new Client(
      { name: 'test', version: '1' },
      { capabilities: { sampling: {}, elicitation: {}, roots: {} } },
    );
    client.setRequestHandler(CreateMessageRequestSchema, () => ({
      model: 'none',
      role: 'assistant',
      content: { type: 'text', text: 'sampled' },
    }));
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'decline' }));
    client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///somewhere' }] }));
    const toolsChanged = Promise.withResolvers<void>();
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => toolsChanged.resolve());
    await connected(bridge, client);
    await toolsChanged.promise;

    const sampled = await client.callTool({ name: 'trigger-sampling-request', arguments: { prompt: 'hi' } });
    assert.match(JSON.stringify(sampled.content), /sampled/);
    const elicited = await client.callTool({ name: 'trigger-elicitation-request', arguments: {} });
    assert.match(JSON.stringify(elicited.content), /declined/);

    const seen: string[] = [];
    const slow = { name: 'trigger-long-running-operation', arguments: { duration: 0.1, steps: 2 } };
    await Promise.all(
      [0, 1].map((which) =>
        client.callTool(slow, undefined, { onprogress: ({ progress }) => seen.push(`${which}: ${progress}`) }),
      ),
    );
    assert.deepEqual(seen.toSorted(), ['0: 1', '0: 2', '1: 1', '1: 2']);
    await client.close();
  });
}

test('server-filesystem: reads what it may, and leaves no process behind', async (t) => {
  const folder = await aFolder(t);
  await writeFile(join(folder, 'note.txt'), 'written');
  const bridge = await bridgeTo('server-filesystem', [folder]);
  const client = await connected(bridge);
  const read = await client.callTool({ name: 'read_text_file', arguments: { path: join(folder, 'note.txt') } });
  assert.match(JSON.stringify(read.content), /written/);
  const denied = await client.callTool({ name: 'read_text_file', arguments: { path: '/etc/hostname' } });
  assert.equal(denied.isError, true);
  const pids = bridge.pids();
  await bridge.close();
  assert.deepEqual(pids.filter(isRunning), []);
  await client.close();
});

async function newClient(bridge: Bridge, mode: 'auto' | 'legacy'): Promise<NewClient> {
  const client = new NewClient({ name: 'test', version: '2' }, { versionNegotiation: { mode } });
  await client.connect(new NewTransport(new URL(bridge.url)));
  return client;
}

test('a client that prefers the stateless era falls back with a legacy server', async (t) => {
  const file = join(await aFolder(t), 'memory.json');
  await using bridge = await bridgeTo('server-memory', [], { env: { MEMORY_FILE_PATH: file } });
  const client = await newClient(bridge, 'auto');
  assert.equal((await client.listTools()).tools.length > 0, true);
  assert.equal(bridge.sessions(), 1);
  await client.close();
});

test('clients of both eras use a server that speaks both', async () => {
  await using bridge = await aBridge({ args: [fileURLToPath(new URL('testdata/dual-era.mjs', import.meta.url))] });
  const clients = await Promise.all([
    newClient(bridge, 'auto'),
    newClient(bridge, 'auto'),
    newClient(bridge, 'legacy'),
  ]);
  const answers = await Promise.all(
    clients.map((client, which) => client.callTool({ name: 'era', arguments: { value: `${which}` } })),
  );
  const texts = answers.map(({ content }) => JSON.stringify(content));
  assert.match(texts[0] ?? '', /modern \d+ 0/);
  assert.match(texts[1] ?? '', /modern \d+ 1/);
  assert.match(texts[2] ?? '', /legacy \d+ 2/);
  assert.equal(bridge.sessions(), 1);
  await Promise.all(clients.map((client) => client.close()));
});

test('a subscription of the stateless era gets its notices under its own id', async () => {
  await using bridge = await aBridge({ args: [fileURLToPath(new URL('testdata/dual-era.mjs', import.meta.url))] });
  const client = await newClient(bridge, 'auto');
  let changes = 0;
  client.setNotificationHandler('notifications/tools/list_changed', () => void (changes += 1));
  const subscription = await client.listen({ toolsListChanged: true });
  await client.callTool({ name: 'grow', arguments: {} });
  await until(() => changes > 0);
  await subscription.close();
  await client.close();
});
