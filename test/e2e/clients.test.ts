/** Real servers behind the gateway, driven by the clients that people use. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ERRORS } from '@mcp-runtime/api';
import { sessionToken } from '../support/cli.ts';
import { type Endpoint, SAMPLED, connectSdkV1, connectSdkV2, inspect } from '../support/clients.ts';
import { HAS_PROC, serversOf } from '../support/processes.ts';
import { ROOT } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { untilTrue } from '../support/until.ts';
import { type Up, startUpReady } from '../support/up.ts';

const FILES = [join(ROOT, 'examples/local'), join(ROOT, 'test/e2e/testdata/lab.yaml')];

const SDKS = [
  { name: 'sdk 1.x', connect: connectSdkV1 },
  { name: 'client 2.x', connect: connectSdkV2 },
] as const;

const opened = new AsyncDisposableStack();
let up: Up;

before(async () => {
  const folder = opened.use(await tempDir());
  up = opened.use(await startUpReady({ dataDir: folder.path, files: FILES }));
});

after(() => opened.disposeAsync());

async function endpointOf(server: string, session: string): Promise<Endpoint> {
  return { url: `${up.gatewayUrl}/${server}/mcp`, token: await sessionToken(session, { dataDir: up.dataDir }) };
}

function isRefusal(reason: keyof typeof ERRORS) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof Error && 'code' in error && 'data' in error);
    assert.equal(error.code, ERRORS[reason].rpc);
    assert.ok(typeof error.data === 'object' && error.data !== null && 'reason' in error.data);
    assert.equal(error.data.reason, reason);
    return true;
  };
}

for (const { name, connect } of SDKS) {
  test(`${name}: a call that is granted is answered by the server`, async () => {
    await using client = await connect(await endpointOf('everything', 'research-everything'));
    assert.equal(await client.call('echo', { message: 'hello' }), 'Echo: hello');
    assert.match(await client.call('get-sum', { a: 2, b: 3 }), /5/);
  });

  test(`${name}: a call that is not granted is refused with its code and reason`, async () => {
    await using everything = await connect(await endpointOf('everything', 'research-everything'));
    await assert.rejects(everything.call('get-env'), isRefusal('tool_not_granted'));
    await using files = await connect(await endpointOf('files', 'research-files'));
    await assert.rejects(
      files.call('write_file', { path: 'a.txt', content: 'a' }),
      isRefusal('side_effect_not_allowed'),
    );
    await using memory = await connect(await endpointOf('memory', 'ops-memory'));
    await assert.rejects(memory.call('delete_entities', { entityNames: [] }), isRefusal('tool_denied'));
  });

  test(`${name}: lists show what the caller may use, no more`, async () => {
    await using everything = await connect(await endpointOf('everything', 'research-everything'));
    assert.deepEqual((await everything.tools()).toSorted(), ['echo', 'get-structured-content', 'get-sum']);
    assert.deepEqual(await everything.prompts(), []);
    assert.deepEqual(await everything.resources(), []);
    await using lab = await connect(await endpointOf('lab', 'tester-lab'));
    assert.ok((await lab.prompts()).includes('simple-prompt'));
    assert.ok((await lab.resources()).length > 0);
  });

  test(`${name}: prompts and resources are governed like tools`, async () => {
    await using lab = await connect(await endpointOf('lab', 'tester-lab'));
    assert.match(await lab.prompt('args-prompt', { city: 'Bern' }), /Bern/);
    const [uri = ''] = await lab.resources();
    assert.match(await lab.read(uri), /"contents"/);
    await using everything = await connect(await endpointOf('everything', 'research-everything'));
    await assert.rejects(everything.prompt('simple-prompt'), isRefusal('tool_not_granted'));
    await assert.rejects(everything.read(uri), isRefusal('tool_not_granted'));
  });

  test(`${name}: progress of a long call arrives before its result`, async () => {
    await using lab = await connect(await endpointOf('lab', 'tester-lab'));
    const seen: number[] = [];
    const args = { duration: 0.2, steps: 4 };
    const text = await lab.call('trigger-long-running-operation', args, (progress) => seen.push(progress));
    assert.match(text, /completed/);
    assert.deepEqual(seen, [1, 2, 3, 4]);
  });

  test(`${name}: a server asks the client back through the gateway`, async () => {
    await using lab = await connect(await endpointOf('lab', 'tester-lab'));
    await untilTrue('the tools that ask back are offered', async () =>
      (await lab.tools()).includes('trigger-sampling-request'),
    );
    const sampled = await lab.call('trigger-sampling-request', { prompt: 'hello', maxTokens: 10 });
    assert.ok(sampled.includes(SAMPLED), sampled);
    assert.match(await lab.call('trigger-elicitation-request'), /provided/);
  });

  test(`${name}: a session that was ended is no more`, async () => {
    const endpoint = await endpointOf('everything', 'research-everything');
    await using client = await connect(endpoint);
    const { sessionId } = client;
    assert.ok(sessionId);
    await client.endSession();
    const response = await fetch(endpoint.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${endpoint.token}`,
        'mcp-session-id': sessionId,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    });
    // The server's own answer: this one says 400 where others say 404.
    assert.ok([400, 404].includes(response.status), String(response.status));
    await response.body?.cancel();
  });
}

test('two clients of a shared server see the same state at once', async () => {
  const endpoint = await endpointOf('memory', 'ops-memory');
  await using one = await connectSdkV1(endpoint);
  await using other = await connectSdkV2(endpoint);
  assert.notEqual(one.sessionId, other.sessionId);
  const entity = (name: string) => ({ entities: [{ name, entityType: 'test', observations: [] }] });
  // One after the other: this server loses one of two changes that it makes at the same time.
  await one.call('create_entities', entity('of-one'));
  await other.call('create_entities', entity('of-other'));
  for (const client of [one, other]) {
    const graph = await client.call('read_graph');
    assert.ok(graph.includes('of-one') && graph.includes('of-other'), graph);
  }
});

test('two clients of a server with a process for each session work side by side', async () => {
  const home = join(up.dataDir, 'servers/mcp-servers/files');
  const work = join(home, 'work');
  await mkdir(work, { recursive: true });
  await writeFile(join(work, 'note.txt'), 'a note');
  const endpoint = await endpointOf('files', 'research-files');
  await using one = await connectSdkV1(endpoint);
  await using other = await connectSdkV2(endpoint);
  const [first, second] = await Promise.all(
    [one, other].map((client) => client.call('read_text_file', { path: 'note.txt' })),
  );
  assert.equal(first, 'a note');
  assert.equal(second, 'a note');
  if (!HAS_PROC) return;
  const before = await serversOf(home);
  assert.ok(before.length >= 2, `processes: ${before.join(' ')}`);
  await one.endSession();
  await untilTrue(
    'the process of the ended session is gone',
    async () => (await serversOf(home)).length < before.length,
  );
  assert.equal(await other.call('read_text_file', { path: 'note.txt' }), 'a note');
});

test('the command line of the MCP Inspector lists, calls and is refused', async () => {
  const endpoint = await endpointOf('everything', 'research-everything');
  const listed = await inspect(endpoint, ['--method', 'tools/list']);
  const { tools }: { tools: readonly { name: string }[] } = JSON.parse(listed.stdout());
  assert.deepEqual(tools.map(({ name }) => name).toSorted(), ['echo', 'get-structured-content', 'get-sum']);
  const called = await inspect(endpoint, ['--method', 'tools/call', '--tool-name', 'echo', '--tool-arg', 'message=hi']);
  assert.equal((await called.exited).status, 0, called.stderr());
  assert.match(called.stdout(), /Echo: hi/);
  const refused = await inspect(endpoint, ['--method', 'tools/call', '--tool-name', 'get-env']);
  assert.notEqual((await refused.exited).status, 0);
  const unknown = await inspect({ ...endpoint, token: 'forged' }, ['--method', 'tools/list']);
  assert.notEqual((await unknown.exited).status, 0);
});
