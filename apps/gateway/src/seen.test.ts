/** What a caller sees of what a server has: lists by pages and in events, contents that were read, capabilities. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PolicyDocument } from '@mcp-runtime/api';
import { type Bench, startBench, testDocument } from './testing/bench.ts';
import { type Answer, sendJson } from './testing/upstream.ts';

const ALICE = { 'x-mcp-human-id': 'alice', 'x-mcp-agent-id': 'agent' };
const options = { trustHeadersFrom: ['127.0.0.0/8'] };
const MODERN = '2026-07-28';
const document: PolicyDocument = testDocument(
  { auth: { mode: 'header' }, session: { required: false } },
  { tool_rules: [{ name: 'read' }], prompt_rules: [{ name: 'greet' }], resource_rules: [{ uri: 'file:///a/*' }] },
);

/** Method, what the server answers, and what the caller sees of it: byte for byte. */
const SEEN: readonly (readonly [title: string, method: string, result: string, shown: string])[] = [
  [
    'a page may be short, and its cursor stays, the empty one too',
    'tools/list',
    '{"tools":[ {"name":"write"} , {"name":"read","x-y":1.0} ], "nextCursor":"", "_meta":{"n":1e2}}',
    '{"tools":[{"name":"read","x-y":1.0}], "nextCursor":"", "_meta":{"n":1e2}}',
  ],
  [
    'a page may be empty and not the last',
    'prompts/list',
    '{"prompts":[{"name":"other"}],"nextCursor":"c2"}',
    '{"prompts":[],"nextCursor":"c2"}',
  ],
  [
    'resources by their URIs',
    'resources/list',
    '{"resources":[{"uri":"file:///a/1","name":"x"},{"uri":"file:///b/1"},{"uri":"file:///a/../b"}]}',
    '{"resources":[{"uri":"file:///a/1","name":"x"}]}',
  ],
  [
    'templates that some URI of the caller comes from',
    'resources/templates/list',
    '{"resourceTemplates":[{"uriTemplate":"file:///{x}"},{"uriTemplate":"file:///b/{x}"}],"cacheScope":"public"}',
    '{"resourceTemplates":[{"uriTemplate":"file:///{x}"}],"cacheScope":"private"}',
  ],
  [
    'annotations of arguments and unknown keywords stay',
    'tools/list',
    '{"tools":[{"name":"read","inputSchema":{"x-mcp-header":"Region","$dynamicRef":"#a","unheard":[1.0]}}]}',
    '{"tools":[{"name":"read","inputSchema":{"x-mcp-header":"Region","$dynamicRef":"#a","unheard":[1.0]}}]}',
  ],
  [
    'contents beside the one that was asked for',
    'resources/read',
    '{"contents":[{"uri":"file:///a/1","text":"\\u0041"},{"uri":"file:///b/1","text":"no"},{"text":"no"}]}',
    '{"contents":[{"uri":"file:///a/1","text":"\\u0041"}]}',
  ],
  [
    'capabilities that the gateway has or has not',
    'initialize',
    '{"capabilities":{"tools":{},"logging":{},"tasks":{"list":{},"cancel":{}},"extensions":{"a/b":{},"io.modelcontextprotocol/ui":{}}}}',
    '{"capabilities":{"tools":{"listChanged":true},"logging":{},"tasks":{"cancel":{}},"extensions":{"io.modelcontextprotocol/ui":{}}}}',
  ],
  [
    'of a server of today, private for caches',
    'server/discover',
    '{"cacheScope":"public","capabilities":{"tools":{"listChanged":true},"prompts":{}},"instructions":"\\u0041"}',
    '{"cacheScope":"private","capabilities":{"tools":{"listChanged":true},"prompts":{"listChanged":true}},"instructions":"\\u0041"}',
  ],
  [
    'of a server that tells of no list, no more than that',
    'server/discover',
    '{"capabilities":{"tools":{}}}',
    '{"capabilities":{"tools":{}}}',
  ],
];

for (const [title, method, result, shown] of SEEN) {
  const response = (text: string): string => `{"jsonrpc":"2.0","id":1,"result":${text}}`;

  test(`${method}: ${title}`, async () => {
    const answer: Answer = (_, out) => sendJson(out, response(result), { 'mcp-session-id': 's' });
    await using bench = await startBench({ answer, document, options });
    assert.equal(await (await ask(bench, method)).text(), response(shown));
  });

  test(`${method} in events: ${title}`, async () => {
    const answer: Answer = (_, out) => {
      out.writeHead(200, { 'content-type': 'text/event-stream', 'mcp-session-id': 's' });
      out.end(`id: 7\ndata: ${response(result)}\n\n`);
    };
    await using bench = await startBench({ answer, document, options });
    assert.equal(await (await ask(bench, method)).text(), `id: 7\ndata: ${response(shown)}\n\n`);
  });
}

test('a legacy server without sessions has no stream to tell on, so nothing is announced', async () => {
  const text = '{"jsonrpc":"2.0","id":1,"result":{"capabilities":{"tools":{}}}}';
  await using bench = await startBench({ answer: (_, out) => sendJson(out, text), document, options });
  assert.equal(await (await ask(bench, 'initialize')).text(), text);
});

test('what was read streams where every resource is decided alike', async () => {
  const text = '{"jsonrpc":"2.0","id":1,"result":{"contents":[{"uri":"file:///b/1"}]}}';
  const open = testDocument({ auth: { mode: 'header' }, session: { required: false } });
  await using bench = await startBench({ answer: (_, out) => sendJson(out, text), document: open, options });
  assert.equal(await (await ask(bench, 'resources/read')).text(), text);
});

function ask(bench: Bench, method: string): Promise<Response> {
  const params = method === 'resources/read' ? { uri: 'file:///a/1' } : {};
  if (method !== 'server/discover') return bench.post({ jsonrpc: '2.0', id: 1, method, params }, ALICE);
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const headers = { 'mcp-protocol-version': MODERN, 'mcp-method': method, ...ALICE };
  return bench.post({ jsonrpc: '2.0', id: 1, method, params: { _meta } }, headers);
}
