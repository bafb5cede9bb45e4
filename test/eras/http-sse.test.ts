import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { type Governed, govern } from '../conformance/governed.ts';
import { untilTrue } from '../support/until.ts';
import { connectLegacy } from './support/legacy-client.ts';
import { connectModern } from './support/modern-client.ts';
import { type SseServer, startSseServer } from './support/sse-server.ts';

/** Current clients at a server of the HTTP+SSE transport (MCP 2024-11-05), with policy on. */

let server: SseServer;
let governed: Governed;

before(async () => {
  server = await startSseServer();
  governed = await govern(server.url, { tools: server.tools, replicas: 1 });
});

after(async () => {
  await governed[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

test('a client of Streamable HTTP is served: lists, calls, prompts, resources, ping', async () => {
  await using connected = await connectLegacy(governed.url);
  const { client, text } = connected;
  assert.equal(client.getServerVersion()?.name, 'old-transport');
  await client.ping();
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map(({ name }) => name).toSorted(), server.tools.toSorted());
  assert.equal(await text('echo', { said: 'grün' }), 'grün');
  const { messages } = await client.getPrompt({ name: 'p' });
  assert.equal(messages.length, 1);
  const { contents } = await client.readResource({ uri: 'test://a' });
  assert.equal(contents.length, 1);
  await assert.rejects(client.readResource({ uri: 'test://b' }));
  assert.deepEqual(connected.faults, []);
});

test('questions of the server are asked during the call, and answered', async () => {
  await using connected = await connectLegacy(governed.url);
  assert.equal(await connected.text('ask'), 'accept Alice');
  assert.match(await connected.text('sample'), /sampled/);
});

test('progress arrives with its call, and changes of lists on the GET stream', async () => {
  await using connected = await connectLegacy(governed.url);
  const { client } = connected;
  const progress: number[] = [];
  const call = { name: 'progress', arguments: {} };
  await client.callTool(call, undefined, { onprogress: (one) => void progress.push(one.progress) });
  assert.deepEqual(progress, [1, 2]);
  const changed = Promise.withResolvers<void>();
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => changed.resolve());
  server.toolsChanged();
  await changed.promise;
});

test('two clients have a session each, and many calls at once find their answers', async () => {
  await using first = await connectLegacy(governed.url);
  await using second = await connectLegacy(governed.url);
  const said = Array.from({ length: 20 }, (_, index) => `say ${index}`);
  const heard = await Promise.all(
    said.flatMap((one) => [first, second].map(({ text }) => text('echo', { said: one }))),
  );
  assert.deepEqual(
    heard,
    said.flatMap((one) => [one, one]),
  );
});

test('a cancelled call is cancelled at the server', async () => {
  await using connected = await connectLegacy(governed.url);
  const abort = new AbortController();
  const answer = connected.client.callTool({ name: 'hang', arguments: {} }, undefined, { signal: abort.signal });
  await server.hanging.begun;
  abort.abort('enough');
  await assert.rejects(answer);
  await server.hanging.cancelled;
});

test('the session at the server ends with that of the client', async () => {
  await using connected = await connectLegacy(governed.url);
  const before = server.sessions();
  await connected.transport.terminateSession();
  await untilTrue('the stream at the server has ended', () => server.sessions() === before - 1);
  await assert.rejects(connected.client.listTools());
});

test('a client of MCP 2026-07-28 is served, too', async () => {
  await using modern = await connectModern(governed.url);
  const { client } = modern;
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map(({ name }) => name).toSorted(), server.tools.toSorted());
  const echoed = await client.callTool({ name: 'echo', arguments: { said: 'modern' } });
  assert.match(JSON.stringify(echoed.content), /modern/);
  const asked = await client.callTool({ name: 'ask', arguments: {} });
  assert.match(JSON.stringify(asked.content), /accept Alice/);
});

test('a session that the server drops is gone for the client', async () => {
  await using connected = await connectLegacy(governed.url);
  server.dropSessions();
  await untilTrue('the session is gone', async () => {
    const failure = await connected.client.listTools().then(
      () => undefined,
      (error: unknown) => String(error),
    );
    return failure?.includes('session not found') === true;
  });
});
