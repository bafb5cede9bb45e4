import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bench, startBench, testDocument } from '../../testing/bench.ts';
import { type LegacyServer, scriptLegacyServer } from '../../testing/legacy-server.ts';
import { askAsModern } from '../../testing/modern-caller.ts';

function benchFor(server: LegacyServer): Promise<Bench> {
  return startBench({ answer: server.answer, document: testDocument(), probes: 'seen' });
}

const READ = { name: 'read', arguments: {} } as const;

test('`server/discover` is answered from the handshake, without what is not carried', async () => {
  const capabilities = { tools: { listChanged: true, 'x-own': 1 }, tasks: {}, completions: {} };
  const server = scriptLegacyServer({ capabilities, on: {} });
  await using bench = await benchFor(server);
  const { status, message } = await askAsModern(bench, 'server/discover');
  assert.equal(status, 200);
  assert.deepEqual(message.result, {
    supportedVersions: ['2026-07-28'],
    capabilities: { tools: { listChanged: true, 'x-own': 1 }, completions: {} },
    instructions: 'be kind',
    resultType: 'complete',
    ttlMs: 0,
    cacheScope: 'private',
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'scripted', version: '7' } },
  });
});

test('a request comes without its envelope, under an id of the session, and with all else as it was spelled', async () => {
  const server = scriptLegacyServer({ on: { 'tools/call': (_, turn) => turn.result('{"content":[]}') } });
  await using bench = await benchFor(server);
  const params = { ...READ, extra: [1, { deep: true }] };
  await askAsModern(bench, 'tools/call', {
    id: 'mine',
    params,
    meta: { 'com.example/own': 'kept', progressToken: 'p', 'io.modelcontextprotocol/logLevel': 'info' },
  });
  const call = await server.until(({ method }) => method === 'tools/call');
  const { id } = call.message;
  assert.equal(
    call.text,
    `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"read","arguments":{},"extra":[1,{"deep":true}],"_meta":{"com.example/own":"kept","progressToken":${id}}}}`,
  );
  const { headers } = call;
  assert.equal(headers['mcp-protocol-version'], '2025-11-25');
  assert.equal(headers['mcp-method'], undefined);
  assert.equal(headers['mcp-name'], undefined);
  assert.equal(headers['authorization'], undefined);
});

test('a result has the id of its request and what MCP 2026-07-28 adds, and keeps its numbers and unknown members', async () => {
  const server = scriptLegacyServer({
    on: {
      'tools/call': (_, turn) => turn.result('{"content":[],"big":12345678901234567890, "one":1.0,"_meta":{"x":-0}}'),
    },
  });
  await using bench = await benchFor(server);
  const { text, status } = await askAsModern(bench, 'tools/call', { id: 'mine', params: READ });
  assert.equal(status, 200);
  assert.equal(
    text,
    '{"jsonrpc":"2.0","id":"mine","result":{"content":[],"big":12345678901234567890,"one":1.0,"_meta":{"x":-0,"io.modelcontextprotocol/serverInfo":{"name":"scripted","version":"7"}},"resultType":"complete"}}',
  );
});

const CACHEABLE = [
  ['tools/list', {}, '{"tools":[]}'],
  ['prompts/list', {}, '{"prompts":[]}'],
  ['resources/list', {}, '{"resources":[]}'],
  ['resources/templates/list', {}, '{"resourceTemplates":[]}'],
  ['resources/read', { uri: 'file:///a' }, '{"contents":[]}'],
] as const;

for (const [method, params, result] of CACHEABLE) {
  test(`the result of ${method} may not be kept`, async () => {
    const server = scriptLegacyServer({ on: { [method]: (_, turn) => turn.result(result) } });
    await using bench = await benchFor(server);
    const { message } = await askAsModern(bench, method, { params });
    assert.equal(message.result?.['resultType'], 'complete');
    assert.equal(message.result?.['ttlMs'], 0);
    assert.equal(message.result?.['cacheScope'], 'private');
  });
}

test('a list shows what the caller may use', async () => {
  const tools = '{"tools":[{"name":"read","x":1.0},{"name":"write"}],"nextCursor":""}';
  const server = scriptLegacyServer({ on: { 'tools/list': (_, turn) => turn.result(tools) } });
  await using bench = await benchFor(server);
  const { text } = await askAsModern(bench, 'tools/list');
  assert.match(text, /"tools":\[\{"name":"read","x":1\.0\}\],"nextCursor":""/);
});

test('what policy denies does not reach the server', async () => {
  const server = scriptLegacyServer({ on: {} });
  await using bench = await benchFor(server);
  const { message } = await askAsModern(bench, 'tools/call', { params: { name: 'write', arguments: {} } });
  assert.ok(message.error !== undefined);
  assert.deepEqual(server.said, []);
});

test('progress has the token of the caller, with its type', async () => {
  const server = scriptLegacyServer({
    on: {
      'tools/call': ({ message }, turn) => {
        const progress = (token: unknown, value: string): string =>
          `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${JSON.stringify(token)},"progress":${value}}}`;
        turn.events(progress(message.id, '1.0'), progress('of somebody else', '2'), progress(message.id, '3'));
        turn.endWith('{"content":[]}');
      },
    },
  });
  await using bench = await benchFor(server);
  const { before, message } = await askAsModern(bench, 'tools/call', { params: READ, meta: { progressToken: '7' } });
  assert.deepEqual(
    before.map(({ params }) => params),
    [
      { progressToken: '7', progress: 1 },
      { progressToken: '7', progress: 3 },
    ],
  );
  assert.equal(message.result?.resultType, 'complete');
});

test('log messages come to whom asked, from the level on that was asked for', async () => {
  const log = (level: string): string =>
    `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"${level}","data":"${level}"}}`;
  const server = scriptLegacyServer({
    capabilities: { tools: {}, logging: {} },
    on: {
      'logging/setLevel': (_, turn) => turn.result('{}'),
      'tools/call': (_, turn) => {
        turn.events(log('debug'), log('info'), log('error'));
        turn.endWith('{"content":[]}');
      },
    },
  });
  await using bench = await benchFor(server);
  const at = async (level: string | undefined): Promise<readonly unknown[]> => {
    const meta = level === undefined ? {} : { 'io.modelcontextprotocol/logLevel': level };
    const { before } = await askAsModern(bench, 'tools/call', { params: READ, meta });
    return before.map(({ params }) => params?.['level']);
  };
  assert.deepEqual(await at('info'), ['info', 'error']);
  assert.deepEqual(await at('error'), ['error']);
  assert.deepEqual(await at(undefined), []);
  const levels = server.said.filter(({ method }) => method === 'logging/setLevel');
  assert.deepEqual(
    levels.map(({ message }) => message.params),
    [{ level: 'info' }],
    'the lowest level that was asked for is set, once',
  );
});

test('a method that the server does not know is one that is not there', async () => {
  await using bench = await benchFor(scriptLegacyServer({ on: {} }));
  const { status, message } = await askAsModern(bench, 'completion/complete', {
    params: { ref: { type: 'ref/prompt', name: 'p' }, argument: { name: 'a', value: '' } },
  });
  assert.equal(status, 404);
  assert.equal(message.error?.code, -32601);
});

test('a resource that is not there is said with its URI', async () => {
  const server = scriptLegacyServer({
    on: { 'resources/read': (_, turn) => turn.error(-32002, 'Resource not found') },
  });
  await using bench = await benchFor(server);
  const { status, message } = await askAsModern(bench, 'resources/read', { params: { uri: 'file:///gone' } });
  assert.equal(status, 200);
  assert.deepEqual(message.error, { code: -32602, message: 'Resource not found', data: { uri: 'file:///gone' } });
});

for (const code of [-32020, -32021, -32022]) {
  test(`${code} of a server that does not know what it means now is a fault of the server`, async () => {
    const server = scriptLegacyServer({ on: { 'tools/call': (_, turn) => turn.error(code, 'old meaning') } });
    await using bench = await benchFor(server);
    const { status, message } = await askAsModern(bench, 'tools/call', { params: READ });
    assert.equal(status, 200);
    assert.equal(message.error?.code, -32603);
  });
}

test('other errors come as they are', async () => {
  const server = scriptLegacyServer({ on: { 'tools/call': (_, turn) => turn.error(-31999, 'own', { n: 1 }) } });
  await using bench = await benchFor(server);
  const { message } = await askAsModern(bench, 'tools/call', { params: READ });
  assert.deepEqual(message.error, { code: -31999, message: 'own', data: { n: 1 } });
});

test('the closing of a request cancels it at the server', async () => {
  const server = scriptLegacyServer({ on: { 'tools/call': () => {} } });
  await using bench = await benchFor(server);
  const leaving = new AbortController();
  const asked = askAsModern(bench, 'tools/call', { params: READ, signal: leaving.signal });
  const { message } = await server.until(({ method }) => method === 'tools/call');
  leaving.abort();
  await assert.rejects(asked);
  const cancelled = await server.until(({ method }) => method === 'notifications/cancelled');
  assert.equal(cancelled.message.params?.['requestId'], message.id);
});

test('a call that would become a task is refused', async () => {
  const server = scriptLegacyServer({ on: {} });
  await using bench = await benchFor(server);
  const { message } = await askAsModern(bench, 'tools/call', { params: { ...READ, task: { ttl: 1000 } } });
  assert.equal(message.error?.code, -32602);
  assert.match(message.error?.message ?? '', /tasks are not carried/);
  assert.deepEqual(server.said, []);
});

test('a notification of the client is taken and dropped', async () => {
  const server = scriptLegacyServer({ on: {} });
  await using bench = await benchFor(server);
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'notifications/cancelled' };
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const answer = await bench.post(
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1, _meta } },
    { ...headers, authorization: `Bearer ${await bench.token()}` },
  );
  assert.equal(answer.status, 202);
  assert.equal(await answer.text(), '');
  assert.deepEqual(server.said, []);
});

test('an answer beyond the limit is not carried', async () => {
  const server = scriptLegacyServer({
    on: { 'tools/call': (_, turn) => turn.result(`{"content":["${'x'.repeat(17 * 1024 * 1024)}"]}`) },
  });
  await using bench = await benchFor(server);
  const { status, message } = await askAsModern(bench, 'tools/call', { params: READ });
  assert.equal(status, 502);
  assert.match(message.error?.message ?? '', /too long to carry over/);
});

test('a notice that 2026-07-28 does not have is not carried', async () => {
  const server = scriptLegacyServer({
    on: {
      'tools/call': (_, turn) => {
        turn.events('{"jsonrpc":"2.0","method":"notifications/elicitation/complete","params":{"elicitationId":"e"}}');
        turn.endWith('{"content":[]}');
      },
    },
  });
  await using bench = await benchFor(server);
  const { before, message } = await askAsModern(bench, 'tools/call', { params: READ });
  assert.deepEqual(before, []);
  assert.equal(message.result?.resultType, 'complete');
});

test('a server without sessions', async () => {
  const server = scriptLegacyServer({
    sessions: 'none',
    on: { 'tools/call': (_, turn) => turn.result('{"content":[]}') },
  });
  await using bench = await benchFor(server);
  const { message } = await askAsModern(bench, 'tools/call', { params: READ });
  assert.equal(message.result?.resultType, 'complete');
});

test('a server of 2025-03-26 that answers in batches', async () => {
  const server = scriptLegacyServer({
    version: '2025-03-26',
    on: {
      'tools/call': ({ message }, { response }) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(`[{"jsonrpc":"2.0","id":${message.id},"result":{"content":[]}}]`);
      },
    },
  });
  await using bench = await benchFor(server);
  const { message } = await askAsModern(bench, 'tools/call', { params: READ });
  assert.equal(message.result?.resultType, 'complete');
});

test('an answer with a member twice is refused: two readers could see two results', async () => {
  const server = scriptLegacyServer({ on: { 'tools/call': (_, turn) => turn.result('{"content":[],"content":[1]}') } });
  await using bench = await benchFor(server);
  const { status, message } = await askAsModern(bench, 'tools/call', { params: READ });
  assert.equal(status, 502);
  assert.match(message.error?.message ?? '', /cannot be read/);
});
