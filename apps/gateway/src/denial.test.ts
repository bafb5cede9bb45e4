import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEADERS, type PolicyDocument } from '@mcp-runtime/api';
import { compilePolicy } from '@mcp-runtime/policy';
import { z } from 'zod';
import { type Bench, answersOk, callOf, startBench, testDocument } from './testing/bench.ts';
import { bearer } from './testing/caller.ts';
import { type Answer } from './testing/upstream.ts';

const VERSION = '2026-07-28';

type Denials = 'conceal' | 'explain' | 'http' | undefined;

/** Every way in which a tool can be denied, each under its own name. */
function documentWith(denials: Denials, change: Partial<PolicyDocument> = {}): PolicyDocument {
  const { policy, tools = [], ...rest } = testDocument();
  return {
    ...rest,
    policy: { ...policy, denials },
    tools: [...tools, { name: 'trusted', side_effect: 'read', required_trust: 'high' }],
    grants: [
      {
        name: 'g1',
        namespace: 'mcp-servers',
        human_id: 'alice',
        max_trust: 'low',
        allowed_side_effects: ['read'],
        tool_rules: [
          { name: 'read' },
          { name: 'write' },
          { name: 'undeclared' },
          { name: 'trusted' },
          { name: 'denied', decision: 'deny' },
        ],
        prompt_rules: [{ name: 'denied', decision: 'deny' }],
        resource_rules: [
          { uri: 'file:///denied', decision: 'deny' },
          { uri: 'file:///a', required_trust: 'high' },
        ],
      },
    ],
    ...change,
  };
}

interface Asked {
  readonly era: 'legacy' | 'modern';
  readonly method: string;
  readonly params: { readonly name?: string; readonly uri?: string; readonly [member: string]: unknown };
}

async function ask(bench: Bench, { era, method, params }: Asked): Promise<Response> {
  const authorization = `Bearer ${await bench.token()}`;
  const body = { jsonrpc: '2.0', id: 7, method };
  if (era === 'legacy') return bench.post({ ...body, params }, { authorization });
  const meta = {
    'io.modelcontextprotocol/protocolVersion': VERSION,
    'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return bench.post(
    { ...body, params: { ...params, _meta: meta } },
    {
      authorization,
      [HEADERS.mcpProtocolVersion]: VERSION,
      [HEADERS.mcpMethod]: method,
      [HEADERS.mcpName]: params.name ?? params.uri ?? '',
    },
  );
}

/** All that a caller can see of an answer, its request id and date aside. */
async function seenOf(response: Response, name: string): Promise<unknown> {
  const requestId = response.headers.get(HEADERS.requestId) ?? '';
  const text = (await response.text()).replaceAll(requestId, 'REQUEST').replaceAll(name, 'NAME');
  const headers = [...response.headers].filter(
    ([header]) => !['date', 'x-request-id', 'content-length'].includes(header),
  );
  return { status: response.status, headers, text };
}

const named = (name: string): Asked['params'] => ({ name, arguments: {} });
const located = (uri: string): Asked['params'] => ({ uri });

const KINDS: readonly {
  readonly what: string;
  readonly method: string;
  readonly params: (name: string) => Asked['params'];
  readonly unknown: string;
  readonly hidden: readonly string[];
  readonly eras: readonly Asked['era'][];
}[] = [
  {
    what: 'tool',
    method: 'tools/call',
    params: named,
    unknown: 'nowhere',
    hidden: ['denied', 'write', 'undeclared', 'trusted'],
    eras: ['legacy', 'modern'],
  },
  {
    what: 'prompt',
    method: 'prompts/get',
    params: named,
    unknown: 'nowhere',
    hidden: ['denied'],
    eras: ['legacy', 'modern'],
  },
  {
    what: 'completion of a prompt',
    method: 'completion/complete',
    params: (name) => ({ ref: { type: 'ref/prompt', name }, argument: { name: 'a', value: '' } }),
    unknown: 'nowhere',
    hidden: ['denied'],
    eras: ['legacy'],
  },
  {
    what: 'resource',
    method: 'resources/read',
    params: located,
    unknown: 'file:///nowhere',
    hidden: ['file:///denied', 'file:///a'],
    eras: ['legacy', 'modern'],
  },
  {
    what: 'subscription',
    method: 'resources/subscribe',
    params: located,
    unknown: 'file:///nowhere',
    hidden: ['file:///denied', 'file:///a'],
    eras: ['legacy'],
  },
  {
    what: 'completion of a template',
    method: 'completion/complete',
    params: (uri) => ({ ref: { type: 'ref/resource', uri }, argument: { name: 'a', value: '' } }),
    unknown: 'db://nowhere/{x}',
    hidden: ['file:///a'],
    eras: ['legacy'],
  },
];

for (const denials of ['conceal', undefined] as const) {
  for (const { what, method, params, unknown, hidden, eras } of KINDS) {
    for (const era of eras) {
      test(`denials ${denials ?? 'not set'}: a hidden ${what} is answered like an unknown one (${era})`, async () => {
        await using bench = await startBench({ answer: answersOk, document: documentWith(denials) });
        const absent = await seenOf(await ask(bench, { era, method, params: params(unknown) }), unknown);
        for (const name of hidden) {
          const seen = await seenOf(await ask(bench, { era, method, params: params(name) }), name);
          assert.deepEqual(seen, absent, name);
        }
        assert.equal(bench.upstream.seen.length, 0);
      });
    }
  }
}

const RpcError = z.object({
  id: z.number(),
  error: z.object({ code: z.number(), message: z.string(), data: z.record(z.string(), z.unknown()) }),
});

async function errorOf(response: Response): Promise<z.infer<typeof RpcError>['error']> {
  return RpcError.parse(await response.json()).error;
}

test('a concealed denial has the code, message and data that MCP gives for what does not exist', async () => {
  await using bench = await startBench({ answer: answersOk, document: documentWith('conceal') });
  const rows: readonly (readonly [Asked, number, string, object])[] = [
    [{ era: 'legacy', method: 'tools/call', params: named('write') }, -32602, 'Unknown tool: write', {}],
    [{ era: 'modern', method: 'tools/call', params: named('write') }, -32602, 'Unknown tool: write', {}],
    [{ era: 'legacy', method: 'prompts/get', params: named('denied') }, -32602, 'Unknown prompt: denied', {}],
    [
      { era: 'legacy', method: 'resources/read', params: located('file:///a') },
      -32002,
      'Resource not found',
      { uri: 'file:///a' },
    ],
    [
      { era: 'modern', method: 'resources/read', params: located('file:///a') },
      -32602,
      'Resource not found',
      { uri: 'file:///a' },
    ],
  ];
  for (const [asked, code, message, more] of rows) {
    const response = await ask(bench, asked);
    assert.equal(response.status, 200);
    const data = { reason: 'tool_not_granted', requestId: response.headers.get(HEADERS.requestId), ...more };
    assert.deepEqual(await errorOf(response), { code, message, data });
  }
});

test('the exact reason of a concealed denial is recorded', async () => {
  await using bench = await startBench({ answer: answersOk, document: documentWith('conceal') });
  for (const name of ['denied', 'write', 'undeclared', 'trusted', 'nowhere']) {
    await ask(bench, { era: 'legacy', method: 'tools/call', params: named(name) });
  }
  assert.deepEqual(
    bench.events.map(({ payload }) => payload.reason),
    ['tool_denied', 'side_effect_not_allowed', 'tool_side_effect_unknown', 'trust_too_low', 'tool_not_granted'],
  );
});

test('a caller without any grant learns nothing about things, and that it has no grant when it asks for access', async () => {
  await using bench = await startBench({ answer: answersOk, document: documentWith('conceal', { grants: [] }) });
  const call = await errorOf(await ask(bench, { era: 'legacy', method: 'tools/call', params: named('read') }));
  assert.deepEqual([call.code, call.data['reason']], [-32602, 'tool_not_granted']);
  const list = await errorOf(await ask(bench, { era: 'legacy', method: 'tools/list', params: {} }));
  assert.equal(list.data['reason'], 'no_matching_grant');
  assert.deepEqual(
    bench.events.map(({ payload }) => payload.reason),
    ['no_matching_grant', 'no_matching_grant'],
  );
});

test('identity and sessions are not concealed', async () => {
  await using bench = await startBench({ answer: answersOk, document: documentWith('conceal', { sessions: [] }) });
  const response = await ask(bench, { era: 'legacy', method: 'tools/call', params: named('write') });
  assert.equal(response.status, 401);
  assert.equal((await errorOf(response)).data['reason'], 'session_not_found');
});

test('`explain` gives the exact reason in band', async () => {
  await using bench = await startBench({ answer: answersOk, document: documentWith('explain') });
  const response = await ask(bench, { era: 'legacy', method: 'tools/call', params: named('write') });
  assert.equal(response.status, 200);
  const { code, message, data } = await errorOf(response);
  assert.deepEqual([code, data['reason']], [40304, 'side_effect_not_allowed']);
  assert.match(message, /has side effect `write`/);
});

test('`http` gives the exact reason with its HTTP status', async () => {
  await using bench = await startBench({ answer: answersOk, document: documentWith('http') });
  const denied = await ask(bench, { era: 'legacy', method: 'tools/call', params: named('write') });
  assert.deepEqual([denied.status, (await errorOf(denied)).code], [403, 40304]);
  bench.policy.publish(compilePolicy(documentWith('http', { sessions: [] })));
  const unknown = await ask(bench, { era: 'legacy', method: 'tools/call', params: named('write') });
  assert.equal(unknown.status, 401);
});

test('a call that becomes denied while it is open is concealed too', async () => {
  const answer: Answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\n');
  };
  await using bench = await startBench({ answer, document: documentWith('conceal') });
  const call = await bench.post(callOf('read'), await bearer(bench));
  const reader = call.body?.getReader();
  await reader?.read();
  const denying = documentWith('conceal', { revision: 'r2' });
  const tools = [{ name: 'read', side_effect: 'destructive' }];
  bench.policy.publish(compilePolicy({ ...denying, tools }));
  const told = Buffer.from((await reader?.read())?.value ?? []).toString();
  assert.match(told, /"code":-32602,"message":"Unknown tool: read","data":\{"reason":"tool_not_granted"/);
});
