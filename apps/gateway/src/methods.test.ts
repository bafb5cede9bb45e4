/** Every method of every revision of MCP, both ways, through a gateway that governs all of them. */
import assert from 'node:assert/strict';
import { type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { MCP_LEGACY_VERSIONS, type PolicyDocument } from '@mcp-runtime/api';
import { z } from 'zod';
import { type Bench, startBench, testDocument } from './testing/bench.ts';
import { readEvents } from './testing/stream.ts';
import { type Answer, type Seen } from './testing/upstream.ts';

type Version = (typeof MCP_LEGACY_VERSIONS)[number] | '2026-07-28';
const MODERN = '2026-07-28';
const [FIRST, SECOND, THIRD, FOURTH] = MCP_LEGACY_VERSIONS;
const LEGACY: readonly Version[] = MCP_LEGACY_VERSIONS;
const EVERY: readonly Version[] = [...LEGACY, MODERN];
const SINCE_2025_03: readonly Version[] = [SECOND, THIRD, FOURTH];
const SINCE_2025_06: readonly Version[] = [THIRD, FOURTH];

const ALICE = { 'x-mcp-human-id': 'alice', 'x-mcp-agent-id': 'agent' };
const BOB = { 'x-mcp-human-id': 'bob', 'x-mcp-agent-id': 'agent' };
const options = { trustHeadersFrom: ['127.0.0.0/8'] };
const grant = { namespace: 'mcp-servers', max_trust: 'high', allowed_side_effects: ['read'] } as const;
const document: PolicyDocument = testDocument({
  auth: { mode: 'header' },
  session: { required: false },
  grants: [
    { ...grant, name: 'alice', human_id: 'alice', allowed_side_effects: ['read'] },
    { ...grant, name: 'bob', human_id: 'bob', allowed_side_effects: ['read'] },
  ],
});

/** Passes: the server gets it as it was sent. Absent: it is answered as by a server that does not have it. */
type End = 'passes' | 'absent';
type Sent = readonly [versions: readonly Version[], method: string, params: object, end: End];

const FROM_CLIENT: readonly Sent[] = [
  [
    LEGACY,
    'initialize',
    { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } },
    'passes',
  ],
  [LEGACY, 'ping', {}, 'passes'],
  [LEGACY, 'logging/setLevel', { level: 'info' }, 'passes'],
  [EVERY, 'tools/list', { cursor: '' }, 'passes'],
  [EVERY, 'tools/call', { name: 'read', arguments: { n: 1 } }, 'passes'],
  [EVERY, 'prompts/list', {}, 'passes'],
  [EVERY, 'prompts/get', { name: 'greet' }, 'passes'],
  [EVERY, 'resources/list', {}, 'passes'],
  [EVERY, 'resources/templates/list', {}, 'passes'],
  [EVERY, 'resources/read', { uri: 'file:///a' }, 'passes'],
  [LEGACY, 'resources/subscribe', { uri: 'file:///a' }, 'passes'],
  [LEGACY, 'resources/unsubscribe', { uri: 'file:///a' }, 'passes'],
  [
    EVERY,
    'completion/complete',
    { ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'a', value: '' } },
    'passes',
  ],
  [[FOURTH], 'tools/call', { name: 'read', task: { ttl: 1000 } }, 'passes'],
  [[FOURTH], 'tasks/list', {}, 'absent'],
  [[MODERN], 'server/discover', {}, 'passes'],
  [[MODERN], 'subscriptions/listen', { notifications: {} }, 'passes'],
  [[MODERN], 'tools/call', { name: 'read', inputResponses: { a: { action: 'accept' } }, requestState: 's=' }, 'passes'],
  [[MODERN], 'initialize', {}, 'absent'],
  [[MODERN], 'ping', {}, 'absent'],
  [[MODERN], 'logging/setLevel', { level: 'info' }, 'absent'],
  [[MODERN], 'resources/subscribe', { uri: 'file:///a' }, 'absent'],
  [[MODERN], 'resources/unsubscribe', { uri: 'file:///a' }, 'absent'],
  [[MODERN], 'tasks/result', { taskId: 't' }, 'absent'],
  [[MODERN], 'tasks/list', {}, 'absent'],
  [EVERY, 'made/up', {}, 'absent'],
];

for (const [versions, method, params, end] of FROM_CLIENT) {
  for (const version of versions) {
    test(`${version}: ${method} ${Object.keys(params).join(' ')} ${end}`, async () => {
      await using bench = await startBench({ answer: answers, document, options });
      const { body, headers } = request(version, method, params);
      const response = await bench.post(body, { ...headers, ...ALICE });
      const { error } = Answered.parse(await response.json());
      if (end === 'passes') {
        assert.deepEqual([response.status, error], [200, undefined]);
        assert.equal(bench.upstream.seen.at(-1)?.body, body);
        assert.equal(bench.upstream.seen.at(-1)?.headers['mcp-protocol-version'], headers['mcp-protocol-version']);
        return;
      }
      assert.deepEqual([response.status, error?.code], [version === MODERN ? 404 : 200, -32601]);
      assert.deepEqual(methodsSeen(bench), []);
    });
  }
}

const NOTICES_FROM_CLIENT: readonly (readonly [versions: readonly Version[], method: string, params: object])[] = [
  [LEGACY, 'notifications/initialized', {}],
  [LEGACY, 'notifications/cancelled', { requestId: 1, reason: 'r' }],
  [LEGACY, 'notifications/progress', { progressToken: 't', progress: 1 }],
  [LEGACY, 'notifications/roots/list_changed', {}],
  [[FOURTH], 'notifications/tasks/status', { taskId: 'of the client', status: 'working' }],
];

for (const [versions, method, params] of NOTICES_FROM_CLIENT) {
  for (const version of versions) {
    test(`${version}: ${method} passes`, async () => {
      await using bench = await startBench({ answer: accepts, document, options });
      const body = JSON.stringify({ jsonrpc: '2.0', method, params });
      const response = await bench.post(body, { ...versionHeader(version), ...ALICE });
      assert.deepEqual([response.status, bench.upstream.seen.at(-1)?.body], [202, body]);
    });
  }
}

/** What a server says unasked: on its own stream, and on the answer to a call. */
const FROM_SERVER: readonly (readonly [versions: readonly Version[], message: object, own: End])[] = [
  [LEGACY, { id: 1, method: 'ping' }, 'passes'],
  [LEGACY, { id: 's', method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } }, 'passes'],
  [LEGACY, { id: 2, method: 'roots/list' }, 'passes'],
  [SINCE_2025_06, { id: 3, method: 'elicitation/create', params: { message: 'm', requestedSchema: {} } }, 'passes'],
  [[FOURTH], { method: 'notifications/elicitation/complete', params: { elicitationId: 'e' } }, 'passes'],
  [LEGACY, { method: 'notifications/cancelled', params: { requestId: 's' } }, 'passes'],
  [EVERY, { method: 'notifications/progress', params: { progressToken: 1, progress: 0.5, message: 'm' } }, 'passes'],
  [EVERY, { method: 'notifications/message', params: { level: 'info', data: { a: 1 } } }, 'passes'],
  [LEGACY, { method: 'notifications/tools/list_changed' }, 'passes'],
  [LEGACY, { method: 'notifications/prompts/list_changed' }, 'passes'],
  [LEGACY, { method: 'notifications/resources/list_changed' }, 'passes'],
  [LEGACY, { method: 'notifications/resources/updated', params: { uri: 'file:///a' } }, 'passes'],
  [[FOURTH], { method: 'notifications/tasks/status', params: { taskId: 't', status: 'working' } }, 'absent'],
];
const RESULT = { jsonrpc: '2.0', id: 9, result: { content: [] } };

for (const [versions, message, own] of FROM_SERVER) {
  const data = JSON.stringify({ jsonrpc: '2.0', ...message });
  const title = JSON.stringify(message);
  for (const version of versions) {
    test(`${version}: on the answer to a call, ${title} passes`, async () => {
      await using bench = await startBench({ answer: says(data, JSON.stringify(RESULT)), document, options });
      const { body, headers } = request(version, 'tools/call', { name: 'read' }, 9);
      const events = readEvents(await bench.post(body, { ...headers, ...ALICE }));
      assert.deepEqual([await events.next(), await events.next()], [data, JSON.stringify(RESULT)]);
    });

    if (version === MODERN || version === FIRST) continue;
    test(`${version}: on a stream of the server's own, ${title} ${own}`, async () => {
      await using bench = await startBench({ answer: says(data, LAST), document, options });
      const events = readEvents(await fetch(bench.url, { headers: { ...versionHeader(version), ...ALICE } }));
      if (own === 'passes') assert.equal(await events.next(), data);
      assert.equal(await events.next(), LAST);
    });
  }
}

/** What clients answer to questions; the server gets it as it was sent, in the session that it was sent in. */
const RESPONSES = [
  '{"jsonrpc":"2.0","id":"s","result":{"role":"assistant","content":{"type":"text","text":"\\u0041"}}}',
  '{"jsonrpc":"2.0","id":3,"result":{"action":"decline"}}',
  '{"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"no roots"}}',
];

for (const version of SINCE_2025_03) {
  test(`${version}: an answer to a question goes to the session that it is sent in, and to no other`, async () => {
    await using bench = await startBench({ answer: opensSessions(), document, options });
    const [first, second] = [await openSession(bench, version, ALICE), await openSession(bench, version, ALICE)];
    const ofBob = await openSession(bench, version, BOB);
    for (const body of RESPONSES) {
      assert.equal((await bench.post(body, { ...first, ...ALICE })).status, 202);
      assert.deepEqual(lastSeen(bench), ['session-1', body]);
      assert.equal((await bench.post(body, { ...second, ...ALICE })).status, 202);
      assert.deepEqual(lastSeen(bench), ['session-2', body]);
      const before = bench.upstream.seen.length;
      assert.equal((await bench.post(body, { ...ofBob, ...ALICE })).status, 404);
      assert.equal(bench.upstream.seen.length, before);
    }
  });

  test(`${version}: a stream is resumed in its own session alone, and DELETE ends that one`, async () => {
    await using bench = await startBench({ answer: opensSessions(), document, options });
    const session = await openSession(bench, version, ALICE);
    const cursor = { 'last-event-id': 'e-7' };
    const resumed = await fetch(bench.url, { headers: { ...session, ...cursor, ...ALICE } });
    assert.equal(resumed.status, 200);
    await resumed.body?.cancel();
    const { headers } = bench.upstream.seen.at(-1) ?? {};
    assert.deepEqual([headers?.['last-event-id'], headers?.['mcp-session-id']], ['e-7', 'session-1']);
    assert.equal((await fetch(bench.url, { headers: { ...session, ...cursor, ...BOB } })).status, 404);
    assert.equal((await fetch(bench.url, { method: 'DELETE', headers: { ...session, ...BOB } })).status, 404);
    assert.equal((await fetch(bench.url, { method: 'DELETE', headers: { ...session, ...ALICE } })).status, 202);
    assert.deepEqual(lastSeen(bench), ['session-1', '']);
  });
}

test(`${MODERN}: sessions and cursors mean nothing, and none is given out`, async () => {
  await using bench = await startBench({ answer: opensSessions(), document, options });
  const { body, headers } = request(MODERN, 'tools/call', { name: 'read' });
  const response = await bench.post(body, { ...headers, 'mcp-session-id': 'x', 'last-event-id': 'e', ...ALICE });
  assert.deepEqual([response.status, response.headers.get('mcp-session-id')], [200, null]);
  const seen = bench.upstream.seen.at(-1)?.headers;
  assert.deepEqual([seen?.['mcp-session-id'], seen?.['last-event-id']], [undefined, undefined]);
});

test(`${MODERN}: what a server still has to know passes to the byte, and so does the answer`, async () => {
  const asks =
    '{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","inputRequests":{"a":{"method":"elicitation/create"}},"requestState":"\\u0041=="}}';
  await using bench = await startBench({
    answer: (_, out) => void out.writeHead(200, JSON_TYPE).end(asks),
    document,
    options,
  });
  const { body, headers } = request(MODERN, 'tools/call', { name: 'read' });
  assert.equal(await (await bench.post(body, { ...headers, ...ALICE })).text(), asks);
  const again = request(MODERN, 'tools/call', { name: 'write', requestState: 'A==', inputResponses: { a: {} } });
  assert.match(await (await bench.post(again.body, { ...again.headers, ...ALICE })).text(), /side_effect_not_allowed/);
});

const JSON_TYPE = { 'content-type': 'application/json' };
const LAST = '{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"last"}}';
const Answered = z.object({ error: z.looseObject({ code: z.int() }).optional() });

function request(
  version: Version,
  method: string,
  params: object,
  id = 1,
): { readonly body: string; readonly headers: Readonly<Record<string, string>> } {
  if (version !== MODERN)
    return { body: JSON.stringify({ jsonrpc: '2.0', id, method, params }), headers: versionHeader(version) };
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
  };
  const name = z.object({ name: z.string() }).safeParse(params).data?.name;
  const about =
    name ?? z.union([z.object({ uri: z.string() }), z.object({ taskId: z.string() })]).safeParse(params).data;
  const mirrored = typeof about === 'string' ? about : about && Object.values(about)[0];
  return {
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta } }),
    headers: { ...versionHeader(version), 'mcp-method': method, ...(mirrored && { 'mcp-name': mirrored }) },
  };
}

/** Revisions before 2025-06-18 name their version in the body of `initialize` alone. */
function versionHeader(version: Version): Readonly<Record<string, string>> {
  return version === FIRST || version === SECOND ? {} : { 'mcp-protocol-version': version };
}

const answers: Answer = (seen, response) => {
  const { id } = z.object({ id: z.int() }).parse(JSON.parse(seen.body));
  response.writeHead(200, JSON_TYPE).end(JSON.stringify({ jsonrpc: '2.0', id, result: {} }));
};

const accepts: Answer = (_, response) => void response.writeHead(202).end();

function says(...messages: readonly string[]): Answer {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(messages.map((data) => `data: ${data}\n\n`).join(''));
  };
}

/** A server that gives every `initialize` another session, and takes what comes in it. */
function opensSessions(): Answer {
  let count = 0;
  return (seen: Seen, response: ServerResponse) => {
    if (seen.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      return;
    }
    if (seen.headers['mcp-session-id'] !== undefined) return accepts(seen, response, response.req);
    count += 1;
    response.setHeader('mcp-session-id', `session-${count}`);
    answers(seen, response, response.req);
  };
}

async function openSession(
  bench: Bench,
  version: Version,
  who: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const { body } = request(version, 'initialize', { protocolVersion: version });
  const opened = await bench.post(body, who);
  await opened.text();
  return { ...versionHeader(version), 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
}

function lastSeen({ upstream }: Bench): readonly unknown[] {
  const seen = upstream.seen.at(-1);
  return [seen?.headers['mcp-session-id'], seen?.body];
}

/** Methods that reached the server, but for the question which revisions it speaks. */
function methodsSeen({ upstream }: Bench): readonly unknown[] {
  const methods = upstream.seen.map(({ body }) => z.object({ method: z.string() }).parse(JSON.parse(body)).method);
  return methods.filter((method) => method !== 'server/discover' && method !== 'initialize');
}
