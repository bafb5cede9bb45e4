import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { z } from 'zod';
import { compilePolicy } from '@mcp-runtime/policy';
import { type Bench, startBench, testDocument } from './testing/bench.ts';
import { readEvents } from './testing/stream.ts';
import { type Answer, type Seen, sendJson } from './testing/upstream.ts';

const MODERN = '2026-07-28';
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
};
const RELATED = 'io.modelcontextprotocol/related-task';
const ALICE = { 'x-mcp-human-id': 'alice', 'x-mcp-agent-id': 'agent' };
const BOB = { 'x-mcp-human-id': 'bob', 'x-mcp-agent-id': 'agent' };

type Grants = NonNullable<ReturnType<typeof testDocument>['grants']>;
const grantFor = (human: string, tools: readonly string[] = []): Grants[number] => ({
  name: `g-${human}`,
  namespace: 'mcp-servers',
  human_id: human,
  max_trust: 'high',
  allowed_side_effects: ['read'],
  ...(tools.length === 0 ? {} : { tool_rules: tools.map((name) => ({ name })) }),
});
const documentWith = (...grants: Grants): ReturnType<typeof testDocument> =>
  testDocument({ auth: { mode: 'header' }, session: { required: false }, grants });
const document = documentWith(grantFor('alice'), grantFor('bob'));
const options = { trustHeadersFrom: ['127.0.0.0/8'], sessionKeys: [randomBytes(32)] };

const Answered = z.looseObject({
  result: z
    .looseObject({ taskId: z.string().optional(), task: z.looseObject({ taskId: z.string() }).optional() })
    .optional(),
  error: z.looseObject({ code: z.int(), message: z.string() }).optional(),
});

/** A server that makes a task of every call and says what it was asked. */
const answer: Answer = (seen, response) => {
  const { id, method } = requestOf(seen);
  if (method !== 'tools/call')
    return sendJson(response, { jsonrpc: '2.0', id, result: { taskId: 'T-1', status: 'working' } });
  sendJson(
    response,
    `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"resultType":"task", "taskId":"T-1","ttlMs":1.0}}`,
  );
};

test('a task belongs to whoever started it: on every replica, in body and header, and to nobody else', async () => {
  await using first = await startBench({ answer, document, options });
  await using second = await startBench({ answer, document, options });
  pointAt(second, first.upstream.url);
  const id = await startTask(first);
  assert.notEqual(id, 'T-1');

  for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
    const read = await askModern(second, method, id);
    assert.equal(read.body.result?.taskId, id, method);
    const seen = first.upstream.seen.at(-1);
    assert.equal(seen?.headers['mcp-name'], 'T-1');
    assert.equal(seen?.body, modernBody(method, 'T-1'), 'nothing but the id is another');
  }
  const before = first.upstream.seen.length;
  const unknown = await askModern(second, 'tasks/get', 'nope');
  assert.deepEqual([unknown.status, unknown.body.error?.code], [200, -32602]);
  const flipped = `${id.slice(0, -1)}${id.endsWith('A') ? 'B' : 'A'}`;
  for (const [given, who] of [
    [id, BOB],
    ['T-1', ALICE],
    [flipped, ALICE],
  ] as const) {
    const { body } = await askModern(second, 'tasks/get', given, who);
    assert.deepEqual([body.error?.code, body.error?.message], [unknown.body.error?.code, unknown.body.error?.message]);
  }
  assert.equal(first.upstream.seen.length, before);
  assert.deepEqual(
    second.events.map(({ payload }) => payload.tool_name),
    ['read', 'read', 'read', undefined, undefined, undefined, undefined],
  );
});

test('a header that names another task than the body is refused', async () => {
  await using bench = await startBench({ answer, document, options });
  const id = await startTask(bench);
  const headers = { ...modernHeaders('tasks/get', 'T-1'), ...ALICE };
  const refused = await bench.post(modernBody('tasks/get', id), headers);
  assert.deepEqual([refused.status, Answered.parse(await refused.json()).error?.code], [400, -32020]);
});

test('who may not call the tool any more gets nothing of its task, and may still cancel it', async () => {
  await using bench = await startBench({ answer, document, options });
  const id = await startTask(bench);
  const lost = documentWith(grantFor('alice', ['write']));
  bench.policy.publish(compilePolicy({ ...lost, revision: 'r2' }));
  assert.equal((await askModern(bench, 'tasks/get', id)).body.error?.code, 40302);
  assert.equal((await askModern(bench, 'tasks/update', id)).body.error?.code, 40302);
  bench.policy.publish(compilePolicy({ ...lost, policy: { ...lost.policy, denials: 'conceal' }, revision: 'r3' }));
  assert.equal((await askModern(bench, 'tasks/get', id)).body.error?.code, -32602);
  assert.equal((await askModern(bench, 'tasks/cancel', id)).body.result?.taskId, id);
});

test('a subscription follows tasks of the caller by the ids that it knows, and no other', async () => {
  const notice = (id: string): object => ({
    jsonrpc: '2.0',
    method: 'notifications/tasks',
    params: { taskId: id, status: 'completed', n: 1 },
  });
  const acknowledged = (taskIds: readonly string[]): object => ({
    jsonrpc: '2.0',
    method: 'notifications/subscriptions/acknowledged',
    params: { notifications: { taskIds }, _meta: { 'io.modelcontextprotocol/subscriptionId': 1 } },
  });
  const both: Answer = (seen, response, incoming) => {
    if (requestOf(seen).method !== 'subscriptions/listen') return answer(seen, response, incoming);
    sendEvents(response, [acknowledged(['T-1']), notice('T-2'), notice('T-1')]);
  };
  await using bench = await startBench({ answer: both, document, options });
  const id = await startTask(bench);
  const notifications = { taskIds: [id, 'T-1', `${id}A`] };
  const body = { jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params: { notifications, _meta: ENVELOPE } };
  const listens = { 'mcp-protocol-version': MODERN, 'mcp-method': 'subscriptions/listen', ...ALICE };
  const stream = readEvents(await bench.post(body, listens));
  for (const message of [acknowledged([id]), notice(id)]) assert.equal(await stream.next(), JSON.stringify(message));
  assert.equal(await stream.next(), undefined);
  assert.match(bench.upstream.seen.at(-1)?.body ?? '', /"taskIds":\["T-1"\]/);
});

test('every other byte of what a task is created with stays', async () => {
  await using bench = await startBench({ answer, document, options });
  const response = await bench.post(modernBody('tools/call', 'read'), {
    ...modernHeaders('tools/call', 'read'),
    ...ALICE,
  });
  const text = await response.text();
  const id = Answered.parse(JSON.parse(text)).result?.taskId ?? '';
  assert.equal(
    text.replace(id, 'T-1'),
    '{"jsonrpc":"2.0","id":1,"result":{"resultType":"task", "taskId":"T-1","ttlMs":1.0}}',
  );
});

test('MCP 2025-11-25: created, read, its result and its questions have one id; the list of all tasks does not exist', async () => {
  const question = (id: string): object => ({
    jsonrpc: '2.0',
    id: 7,
    method: 'elicitation/create',
    params: { message: 'sure?', _meta: { [RELATED]: { taskId: id } } },
  });
  const outcome = (id: string): object => ({
    jsonrpc: '2.0',
    id: 1,
    result: { content: [], _meta: { [RELATED]: { taskId: id } } },
  });
  const legacy: Answer = (seen, response) => {
    const { method } = requestOf(seen);
    if (method === 'tools/call')
      return sendJson(response, { jsonrpc: '2.0', id: 1, result: { task: { taskId: 'T-1' } } });
    if (method === 'tasks/result') return sendEvents(response, [question('T-1'), outcome('T-1')]);
    sendJson(response, { jsonrpc: '2.0', id: 1, result: { taskId: 'T-1' } });
  };
  await using bench = await startBench({ answer: legacy, document, options });
  const post = async (method: string, params: object): Promise<Response> =>
    bench.post({ jsonrpc: '2.0', id: 1, method, params }, ALICE);
  const created = Answered.parse(await (await post('tools/call', { name: 'read', task: { ttl: 1 } })).json());
  const id = created.result?.task?.taskId ?? '';
  assert.equal(Answered.parse(await (await post('tasks/get', { taskId: id })).json()).result?.taskId, id);
  const events = (await (await post('tasks/result', { taskId: id })).text()).match(/(?<=data: ).*/g) ?? [];
  assert.deepEqual(
    events.map((event): unknown => JSON.parse(event)),
    [question(id), outcome(id)],
  );
  assert.equal(requestOf(bench.upstream.seen.at(-1)).params.taskId, 'T-1');

  const listed = await post('tasks/list', {});
  assert.deepEqual([listed.status, Answered.parse(await listed.json()).error?.code], [200, -32601]);
});

test('a request that does not declare the extension may not name tasks', async () => {
  await using bench = await startBench({ answer, document, options });
  const id = await startTask(bench);
  const undeclared = modernBody('tasks/get', id).replace('{"extensions":{"io.modelcontextprotocol/tasks":{}}}', '{}');
  const refused = await bench.post(undeclared, { ...modernHeaders('tasks/get', id), ...ALICE });
  assert.deepEqual([refused.status, Answered.parse(await refused.json()).error?.code], [400, -32021]);
});

test('tool calls that can become no task stream as before', async () => {
  await using bench = await startBench({ answer, document, options });
  const response = await bench.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read' } }, ALICE);
  assert.equal(Answered.parse(await response.json()).result?.taskId, 'T-1');
});

async function startTask(bench: Bench): Promise<string> {
  const headers = { ...modernHeaders('tools/call', 'read'), ...ALICE };
  const response = await bench.post(modernBody('tools/call', 'read'), headers);
  return Answered.parse(await response.json()).result?.taskId ?? '';
}

async function askModern(
  bench: Bench,
  method: string,
  taskId: string,
  who: Readonly<Record<string, string>> = ALICE,
): Promise<{ readonly status: number; readonly body: z.infer<typeof Answered> }> {
  const response = await bench.post(modernBody(method, taskId), { ...modernHeaders(method, taskId), ...who });
  return { status: response.status, body: Answered.parse(await response.json()) };
}

function modernHeaders(method: string, name: string): Readonly<Record<string, string>> {
  return { 'mcp-protocol-version': MODERN, 'mcp-method': method, 'mcp-name': name };
}

/** With white space, an escape and a number that a serialiser would write otherwise. */
function modernBody(method: string, name: string): string {
  const named = method === 'tools/call' ? 'name' : 'taskId';
  return `{ "jsonrpc":"2.0","id":1,"method":"${method}","params":{"x":"\\u0041","n":1.0,"${named}":"${name}","_meta":${JSON.stringify(ENVELOPE)}}}`;
}

const Request = z.looseObject({
  id: z.union([z.string(), z.int()]).optional(),
  method: z.string(),
  params: z.looseObject({ taskId: z.string().optional() }),
});

function requestOf(seen: Seen | undefined): z.infer<typeof Request> {
  return Request.parse(JSON.parse(seen?.body ?? ''));
}

function sendEvents(response: ServerResponse, messages: readonly object[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(messages.map((message) => `data: ${JSON.stringify(message)}\n\n`).join(''));
}

function pointAt({ gateway }: Bench, upstream: URL): void {
  const [route] = gateway.routes.all();
  assert.ok(route);
  gateway.routes.set({ ...route, upstream });
}
