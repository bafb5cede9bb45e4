import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '@mcp-runtime/policy';
import { startBench, testDocument } from './testing/bench.ts';
import { bearer } from './testing/caller.ts';
import { type Answer, sendJson } from './testing/upstream.ts';

test('lists show what the caller may call, and nothing else changes', async () => {
  const list =
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read","x":1.0},{"name":"write"},{"name":"other"}],"nextCursor":""}}';
  await using bench = await startBench({ answer: (_, response) => sendJson(response, list), document: testDocument() });
  const response = await bench.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, await bearer(bench));
  assert.equal(
    await response.text(),
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read","x":1.0}],"nextCursor":""}}',
  );
});

test('a list inside an event stream is filtered too, and its event id stays', async () => {
  const list = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read"},{"name":"write"}]}}';
  const answer: Answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`: hi\n\nid: 7\nevent: message\ndata: ${list}\n\n`);
  };
  await using bench = await startBench({ answer, document: testDocument() });
  const response = await bench.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, await bearer(bench));
  const filtered = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read"}]}}';
  assert.equal(await response.text(), `: hi\n\nid: 7\nevent: message\ndata: ${filtered}\n\n`);
});

test('a list that a resumed stream replays is filtered too', async () => {
  const list = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read"},{"name":"write"}]}}';
  const answer: Answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`id: 3\ndata: ${list}\n\n`);
  };
  await using bench = await startBench({ answer, document: testDocument() });
  const headers = { ...(await bearer(bench)), accept: 'text/event-stream', 'last-event-id': '2' };
  const text = await (await fetch(bench.url, { headers })).text();
  assert.equal(text, 'id: 3\ndata: {"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read"}]}}\n\n');
});

test('an open stream is told when the list of tools that it may see changes', async () => {
  const answer: Answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': open\n\n');
  };
  await using bench = await startBench({ answer, document: testDocument() });
  const stream = await fetch(bench.url, { headers: { ...(await bearer(bench)), accept: 'text/event-stream' } });
  const reader = stream.body?.getReader();
  await reader?.read();
  bench.policy.publish(compilePolicy(testDocument({ revision: 'r2' }, { allowed_side_effects: ['read', 'write'] })));
  assert.match(Buffer.from((await reader?.read())?.value ?? []).toString(), /notifications\/tools\/list_changed/);
});
