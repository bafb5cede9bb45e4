import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import { type PolicyDocument } from '@mcp-runtime/api';
import { compilePolicy } from '@mcp-runtime/policy';
import { type Bench, startBench, testDocument } from '../testing/bench.ts';
import { type Answer } from '../testing/upstream.ts';

const holds: Answer = (_, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
};

async function openStream(bench: Bench): Promise<IncomingMessage> {
  const headers = { accept: 'text/event-stream', authorization: `Bearer ${await bench.token()}` };
  const [response]: IncomingMessage[] = await once(request(bench.url, { headers }).end(), 'response');
  assert.ok(response);
  return response.setEncoding('utf8');
}

function revision(number: number, changed: Partial<PolicyDocument> = {}): PolicyDocument {
  return { ...testDocument(), revision: `r${number}`, ...changed };
}

test('of many changes of policy at once, an open stream hears of what they came to', async () => {
  await using bench = await startBench({ answer: holds, document: testDocument() });
  const stream = await openStream(bench);
  const grants = testDocument().grants?.map((grant) => ({ ...grant, tool_rules: [{ name: 'none' }] })) ?? [];
  for (let number = 1; number <= 100; number++) bench.policy.publish(compilePolicy(revision(number)));
  bench.policy.publish(compilePolicy(revision(101, { grants })));
  let heard = '';
  for await (const part of stream) {
    heard += String(part);
    if (heard.includes('tools/list_changed')) break;
  }
  assert.equal(heard.split('tools/list_changed').length, 2);
});

test('a session that is revoked last of many changes loses its open stream', async () => {
  await using bench = await startBench({ answer: holds, document: testDocument() });
  const stream = await openStream(bench);
  const sessions = testDocument().sessions?.map((session) => ({ ...session, revoked: true })) ?? [];
  for (let number = 1; number <= 100; number++) bench.policy.publish(compilePolicy(revision(number)));
  bench.policy.publish(compilePolicy(revision(101, { sessions })));
  await once(stream.resume(), 'end');
});
