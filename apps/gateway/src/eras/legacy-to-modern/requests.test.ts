import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL, DONE, errorOf, readCall, resultOf, startBridged, toolText } from '../../testing/bridged-bench.ts';
import { connectLegacy, membersOf } from '../../testing/legacy-client.ts';
import { sendError, sendEvents, sendResult } from '../../testing/modern-upstream.ts';
import { sendJson } from '../../testing/upstream.ts';

const KEYS = 'io.modelcontextprotocol';

test('a request travels with the envelope and mirrored headers, every other byte as it was', async () => {
  await using started = await startBridged(
    { 'tools/call': (request, response) => sendResult(request, response, DONE) },
    { capabilities: { ...ALL, experimental: { x: {} } } },
  );
  const { client, bench } = started;
  const params =
    '{"name":"read","arguments":{"n":1.50e3,"big":12345678901234567890,"z":-0},"x":[ 1.0 ],"_meta":{"k":1.0}}';
  await client.send(`{"id":"a","jsonrpc":"2.0","method":"tools/call","params":${params}}`);
  const sent = bench.upstream.seen.at(-1);
  const meta =
    `"_meta":{"k":1.0,"${KEYS}/protocolVersion":"2026-07-28",` +
    `"${KEYS}/clientCapabilities":{"elicitation":{"form":{},"url":{}},"sampling":{"tools":{}},"roots":{}},` +
    `"${KEYS}/clientInfo":{"name":"raw","version":"1"}}`;
  const expected = params.replace('"_meta":{"k":1.0}', meta);
  assert.equal(sent?.body, `{"id":"a","jsonrpc":"2.0","method":"tools/call","params":${expected}}`);
  const { headers } = sent;
  assert.equal(headers['mcp-protocol-version'], '2026-07-28');
  assert.equal(headers['mcp-method'], 'tools/call');
  assert.equal(headers['mcp-name'], 'read');
  assert.equal(headers['mcp-session-id'], undefined);
  assert.equal(headers['authorization'], undefined);
});

test('a result loses what only MCP 2026-07-28 has, every other byte stays', async () => {
  const inner = '"content":[],"n":1.0,"structuredContent":{"a":12345678901234567890},"x":{"ttlMs":1}';
  await using started = await startBridged({
    'tools/call': (_, response) =>
      sendJson(
        response,
        `{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete",${inner},"ttlMs":5,"cacheScope":"public"}}`,
      ),
  });
  const { bench, client } = started;
  const headers = { authorization: `Bearer ${await bench.token()}`, 'mcp-session-id': client.sessionId };
  const answer = await bench.post(readCall(), headers);
  assert.equal(answer.headers.get('content-type'), 'application/json');
  assert.equal(await answer.text(), `{"jsonrpc":"2.0","id":1,"result":{${inner}}}`);
});

test('arguments that a tool wants mirrored travel in headers; the list is asked for once', async () => {
  const properties = {
    region: { type: 'string', 'x-mcp-header': 'Region' },
    deep: { type: 'object', properties: { count: { type: 'integer', 'x-mcp-header': 'Count' } } },
    gone: { type: 'string', 'x-mcp-header': 'Gone' },
  };
  await using started = await startBridged({
    'tools/list': (request, response) =>
      sendResult(request, response, { tools: [{ name: 'read', inputSchema: { type: 'object', properties } }] }),
    'tools/call': (request, response) => sendResult(request, response, DONE),
  });
  const { bench, client } = started;
  const args = { region: 'grün', deep: { count: 7 }, gone: null };
  for (const id of [1, 2]) await client.ask('tools/call', { name: 'read', arguments: args }, id);
  const headers = bench.upstream.seen.at(-1)?.headers;
  assert.equal(headers?.['mcp-param-region'], '=?base64?Z3LDvG4=?=');
  assert.equal(headers['mcp-param-count'], '7');
  assert.equal(headers['mcp-param-gone'], undefined);
  const lists = bench.upstream.seen.filter((seen) => seen.headers['mcp-method'] === 'tools/list');
  assert.equal(lists.length, 1);
});

test('a tool that changed what it wants mirrored is listed again, and called once more', async () => {
  let name = 'Old';
  await using started = await startBridged({
    'tools/list': (request, response) => {
      const properties = { a: { type: 'string', 'x-mcp-header': name } };
      sendResult(request, response, { tools: [{ name: 'read', inputSchema: { type: 'object', properties } }] });
    },
    'tools/call': (request, response) => {
      if (request.seen.headers[`mcp-param-${name.toLowerCase()}`] === 'x') sendResult(request, response, DONE);
      else sendError(request, response, { code: -32020, message: 'header mismatch' }, 400);
    },
  });
  const { client } = started;
  assert.equal(toolText(await client.ask('tools/call', { name: 'read', arguments: { a: 'x' } })), 'done');
  name = 'New';
  assert.equal(toolText(await client.ask('tools/call', { name: 'read', arguments: { a: 'x' } })), 'done');
});

test('progress of the request passes; that of others, requests and logs that nobody asked for do not', async () => {
  await using started = await startBridged({
    'tools/call': ({ id, params }, response) => {
      const { progressToken } = membersOf(params['_meta']);
      const progress = (token: unknown, value: number): object => ({
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: { progressToken: token, progress: value },
      });
      sendEvents(
        response,
        progress(progressToken, 1),
        progress('other', 2),
        progress(progressToken, 1),
        progress(progressToken, 2),
        { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'x' } },
        { jsonrpc: '2.0', id: 9, method: 'roots/list' },
        { jsonrpc: '2.0', id, result: { resultType: 'complete', ...DONE } },
      );
      response.end();
    },
  });
  const asked = { ...readCall(), params: { name: 'read', _meta: { progressToken: 't' } } };
  await using heard = await started.client.send(asked);
  const messages = await heard.rest();
  assert.deepEqual(
    messages.map(({ params }) => membersOf(params)['progress']),
    [1, 2, undefined],
  );
  assert.equal(toolText(messages.at(-1)), 'done');
});

test('a log level travels in each envelope from then on', async () => {
  await using started = await startBridged({
    'tools/call': ({ id, params }, response) => {
      const level = membersOf(params['_meta'])[`${KEYS}/logLevel`];
      const said = { jsonrpc: '2.0', method: 'notifications/message', params: { level, data: 'x' } };
      sendEvents(response, said, { jsonrpc: '2.0', id, result: { resultType: 'complete', ...DONE } });
      response.end();
    },
  });
  const { client } = started;
  assert.deepEqual(resultOf(await client.ask('logging/setLevel', { level: 'warning' })), {});
  assert.equal(errorOf(await client.ask('logging/setLevel', { level: 'loud' }))['code'], -32602);
  await using heard = await client.send(readCall());
  assert.deepEqual(membersOf(await heard.next())['params'], { level: 'warning', data: 'x' });
});

test('a cancelled request is aborted at the server', async () => {
  const begun = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  await using started = await startBridged({
    'tools/call': (_, response) => {
      begun.resolve();
      response.once('close', () => aborted.resolve());
    },
  });
  const { client, bench } = started;
  const answer = client.send(readCall('slow'));
  await begun.promise;
  const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'slow' } };
  await using accepted = await client.send(cancel);
  assert.equal(accepted.status, 202);
  await aborted.promise;
  await using heard = await answer;
  assert.equal(errorOf(await heard.next())['message'], 'the caller cancelled the request');
  assert.equal(
    bench.events.findLast(({ payload }) => payload.rpc_method === 'tools/call')?.payload.outcome,
    'canceled',
  );
});

test('another session cannot cancel a request', async () => {
  const begun = Promise.withResolvers<() => void>();
  await using started = await startBridged({
    'tools/call': (request, response) => begun.resolve(() => sendResult(request, response, DONE)),
  });
  const { client, bench } = started;
  const answer = client.send(readCall('slow'));
  const finish = await begun.promise;
  const other = await connectLegacy(bench);
  await other.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'slow' } });
  finish();
  await using heard = await answer;
  assert.equal(toolText(await heard.next()), 'done');
});

test('an unknown resource has the code that legacy clients know', async () => {
  await using started = await startBridged({
    'resources/read': (request, response) =>
      sendError(request, response, { code: -32602, message: 'Resource not found', data: { uri: 'file:///a', n: 1.5 } }),
    'prompts/get': (request, response) =>
      sendError(request, response, { code: -32602, message: 'no', data: { uri: 'x' } }),
  });
  const { client } = started;
  const error = errorOf(await client.ask('resources/read', { uri: 'file:///a' }));
  assert.deepEqual(error, { code: -32002, message: 'Resource not found', data: { uri: 'file:///a', n: 1.5 } });
  assert.equal(errorOf(await client.ask('prompts/get', { name: 'p' }))['code'], -32602);
});

for (const code of [-32020, -32021, -32022]) {
  test(`the error ${code} stays between gateway and server`, async () => {
    await using started = await startBridged({
      'prompts/get': (request, response) => sendError(request, response, { code, message: 'm', data: {} }, 400),
    });
    const error = errorOf(await started.client.ask('prompts/get', { name: 'p' }));
    assert.deepEqual(error, { code: -32603, message: 'the MCP server and the gateway do not agree on the protocol' });
  });
}

test('an unknown method is an error in band', async () => {
  await using started = await startBridged({});
  await using heard = await started.client.send({ jsonrpc: '2.0', id: 1, method: 'prompts/list' });
  assert.equal(heard.status, 200);
  assert.equal(errorOf(await heard.next())['code'], -32601);
});

test('a call cannot become a task, and a task that nobody asked for is refused', async () => {
  await using started = await startBridged({
    'tools/call': (request, response) => sendResult(request, response, { resultType: 'task', taskId: 't' }),
  });
  const { client } = started;
  const asked = errorOf(await client.ask('tools/call', { name: 'read', task: { ttl: 1 } }));
  assert.equal(asked['code'], -32601);
  assert.equal(asked['message'], 'a call cannot become a task at a server of MCP 2026-07-28');
  const given = errorOf(await client.ask('tools/call', { name: 'read' }));
  assert.equal(given['message'], 'the MCP server sent an answer that cannot be read');
});

test('an output schema and structured content that are no object stay behind, the text does not', async () => {
  const schemas = { list: { type: 'array' }, object: { type: 'object', properties: {} } };
  await using started = await startBridged({
    'tools/list': (request, response) =>
      sendResult(request, response, {
        tools: [
          { name: 'read', inputSchema: { type: 'object' }, outputSchema: schemas.list },
          { name: 'write', inputSchema: { type: 'object' }, outputSchema: schemas.object },
        ],
      }),
    'tools/call': (request, response) => sendResult(request, response, { content: [], structuredContent: [1, 2] }),
  });
  const { client } = started;
  const { tools } = resultOf(await client.ask('tools/list'));
  assert.deepEqual(tools, [{ name: 'read', inputSchema: { type: 'object' } }], 'and the list is filtered by policy');
  const called = resultOf(await client.ask('tools/call', { name: 'read' }));
  assert.deepEqual(called, { content: [{ type: 'text', text: '[1,2]' }] });
});

test('every call over the bridge is decided and recorded as any other', async () => {
  await using started = await startBridged({
    'tools/call': (request, response) => sendResult(request, response, DONE),
  });
  const { client, bench } = started;
  const denied = await client.ask('tools/call', { name: 'write' }, 'w');
  assert.equal(membersOf(errorOf(denied)['data'])['reason'], 'side_effect_not_allowed');
  await client.ask('tools/call', { name: 'read' }, 'r');
  const recorded = bench.events.map(({ payload }) => [
    payload.rpc_method,
    payload.tool_name,
    payload.decision,
    payload.outcome,
  ]);
  assert.deepEqual(recorded, [
    ['initialize', undefined, 'allow', 'ok'],
    ['tools/call', 'write', 'deny', 'refused'],
    ['tools/call', 'read', 'allow', 'ok'],
  ]);
});

test('a server that is gone, or says nothing that can be read, is a failure of the server', async () => {
  await using started = await startBridged({
    'tools/call': (_, response) => void response.destroy(),
    'prompts/get': (_, response) => sendJson(response, '{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}'),
    'resources/read': (_, response) => {
      response.writeHead(401).end();
    },
  });
  const { client } = started;
  await using gone = await client.send(readCall());
  assert.equal(gone.status, 502);
  assert.equal(errorOf(await client.ask('prompts/get', { name: 'p' }))['code'], 50200);
  const refused = errorOf(await client.ask('resources/read', { uri: 'file:///a' }));
  assert.equal(refused['message'], 'the MCP server refused the gateway');
});

test('requests of the other era, and about tasks, are refused with a reason', async () => {
  await using started = await startBridged({});
  const { client, bench } = started;
  const before = bench.upstream.seen.length;
  for (const [method, params] of [
    ['server/discover', {}],
    ['subscriptions/listen', { notifications: {} }],
    ['tasks/list', {}],
    ['tasks/get', { taskId: 't' }],
  ] as const) {
    const { code, message } = errorOf(await client.ask(method, params));
    assert.equal(typeof code, 'number', method);
    assert.notEqual(message, '', method);
  }
  const { code, message } = errorOf(await client.ask('server/discover'));
  assert.equal(code, -32601);
  assert.equal(message, '`server/discover` belongs to MCP 2026-07-28, and this session to a version before it');
  assert.equal(bench.upstream.seen.length, before, 'nothing of it reached the server');
});

test('two requests of a session with one id at once are refused', async () => {
  const begun = Promise.withResolvers<() => void>();
  await using started = await startBridged({
    'tools/call': (request, response) => begun.resolve(() => sendResult(request, response, DONE)),
  });
  const { client } = started;
  const first = client.send(readCall());
  const finish = await begun.promise;
  await using second = await client.send(readCall());
  assert.equal(second.status, 400);
  finish();
  await using heard = await first;
  assert.equal(toolText(await heard.next()), 'done');
});
