import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CallToolResultSchema,
  ElicitationCompleteNotificationSchema,
  LoggingMessageNotificationSchema,
  PromptListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { untilTrue } from '../support/until.ts';
import { type Governed, govern } from '../conformance/governed.ts';
import { connectLegacy } from './support/legacy-client.ts';
import { type ModernServer, startModernServer } from './support/modern-server.ts';

/** The published client of the SDK 1.x at a server that speaks MCP 2026-07-28 and nothing else, with policy on. */

let server: ModernServer;
let governed: Governed;

before(async () => {
  server = await startModernServer();
  governed = await govern(server.url, { tools: server.tools, replicas: 1 });
});

after(async () => {
  await governed[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

test('a legacy client is served: lists, calls, prompts, resources, completion, ping', async () => {
  await using connected = await connectLegacy(governed.url);
  const { client, text } = connected;
  assert.deepEqual(client.getServerVersion(), { name: 'modern-only', version: '1.0.0' });
  assert.equal(client.getInstructions(), 'Ask before you write.');
  assert.deepEqual(client.getServerCapabilities()?.tools, { listChanged: true });
  await client.ping();
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map(({ name }) => name).toSorted(), server.tools.toSorted());
  assert.match(await text('test_simple_text'), /simple text/);
  assert.equal(await text('test_x_mcp_header', { region: 'grün' }), 'mirrored');
  assert.equal(await text('list_numbers'), '[1,2]');
  const { prompts } = await client.listPrompts();
  assert.equal(
    prompts.some(({ name }) => name === 'test_simple_prompt'),
    true,
  );
  const { messages } = await client.getPrompt({
    name: 'test_prompt_with_arguments',
    arguments: { arg1: 'a', arg2: 'b' },
  });
  assert.equal(messages.length, 1);
  const ref = { type: 'ref/prompt', name: 'test_prompt_with_arguments' } as const;
  const { completion } = await client.complete({ ref, argument: { name: 'arg1', value: 'te' } });
  assert.deepEqual(completion.values, ['test1', 'test2']);
  assert.equal((await client.listResources()).resources.length, 3);
  assert.equal((await client.listResourceTemplates()).resourceTemplates.length, 1);
  const { contents } = await client.readResource({ uri: 'test://static-text' });
  assert.equal(contents[0]?.uri, 'test://static-text');
  await assert.rejects(client.readResource({ uri: 'test://nothing' }), { code: -32002 });
  assert.deepEqual(connected.faults, []);
});

test('elicitation, sampling, roots and several rounds of them are asked and answered', async () => {
  await using connected = await connectLegacy(governed.url);
  const { client, text } = connected;
  assert.equal(await text('test_input_required_result_elicitation'), 'Hello, Alice!');
  assert.match(await text('test_input_required_result_sampling'), /sampled/);
  assert.equal(await text('test_input_required_result_list_roots'), 'file:///home');
  assert.equal(await text('test_input_required_result_multiple_inputs'), 'Hello, Alice!');
  assert.equal(await text('test_input_required_result_multi_round'), 'It is red.');
  assert.equal(await text('test_input_required_result_request_state'), 'state-ok');
  const { messages } = await client.getPrompt({ name: 'test_input_required_result_prompt' });
  assert.deepEqual(messages[0]?.content, { type: 'text', text: 'Context: c' });
  const completed = Promise.withResolvers<string>();
  client.setNotificationHandler(ElicitationCompleteNotificationSchema, ({ params }) =>
    completed.resolve(params.elicitationId),
  );
  assert.equal(await text('sign_in'), 'signed in: accept');
  assert.match(await completed.promise, /^[\da-f-]{36}$/);
  assert.deepEqual(connected.faults, []);
});

test('a client that cannot be asked gets the reason as a tool error', async () => {
  await using connected = await connectLegacy(governed.url, {});
  const { client } = connected;
  const asked = await client.callTool({ name: 'test_input_required_result_elicitation', arguments: {} });
  assert.equal(asked.isError, true);
  assert.match(JSON.stringify(asked.content), /elicitation/);
});

test('progress and log messages of a call arrive', async () => {
  await using connected = await connectLegacy(governed.url);
  const { client } = connected;
  const progress: number[] = [];
  const call = { name: 'test_tool_with_progress', arguments: {} };
  await client.callTool(call, undefined, { onprogress: (one) => void progress.push(one.progress) });
  assert.deepEqual(progress, [0, 50, 100]);
  const lines: unknown[] = [];
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void lines.push(params.data));
  await client.callTool({ name: 'test_tool_with_logging', arguments: {} });
  assert.deepEqual(lines, [], 'nobody has asked for them');
  await client.setLoggingLevel('info');
  await client.callTool({ name: 'test_tool_with_logging', arguments: {} });
  assert.equal(lines.length, 3);
});

test('changes of lists and of subscribed resources arrive on the GET stream, also after the server lost it', async () => {
  await using connected = await connectLegacy(governed.url);
  const { client } = connected;
  const tools = signal<void>();
  const prompts = signal<void>();
  const updates = signal<string>();
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => tools.give());
  client.setNotificationHandler(PromptListChangedNotificationSchema, () => prompts.give());
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => updates.give(params.uri));
  await client.subscribeResource({ uri: 'test://watched-resource' });
  const first = updates.next();
  let heard: string | undefined;
  void first.then((uri) => (heard = uri));
  // The client opens its stream when it likes.
  await untilTrue('the update arrives', () => {
    server.tell.resourceUpdated('test://static-text');
    server.tell.resourceUpdated('test://watched-resource');
    return heard !== undefined;
  });
  assert.equal(heard, 'test://watched-resource');
  server.tell.toolsChanged();
  await tools.next();
  server.tell.promptsChanged();
  await prompts.next();
  server.dropConnections();
  assert.equal(await updates.next(), 'test://watched-resource', 'what may have been missed is told as changed');
  await client.unsubscribeResource({ uri: 'test://watched-resource' });
});

test('a cancelled call is cancelled at the server', async () => {
  await using connected = await connectLegacy(governed.url);
  const { client } = connected;
  const abort = new AbortController();
  const answer = client.callTool({ name: 'hang', arguments: {} }, undefined, { signal: abort.signal });
  await server.hanging.begun;
  abort.abort('enough');
  await assert.rejects(answer);
  await server.hanging.cancelled;
});

test('a client that loses its connection during a call gets the answer by resuming', async () => {
  const begun = Promise.withResolvers<void>();
  let token = '';
  await using first = await connectLegacy(governed.url);
  const lost = first.client.request(
    { method: 'tools/call', params: { name: 'wait', arguments: {}, _meta: { progressToken: 1 } } },
    CallToolResultSchema,
    {
      onresumptiontoken: (given: string) => {
        token = given;
        begun.resolve();
      },
    },
  );
  lost.catch(() => {});
  await begun.promise;
  const { sessionId } = first.transport;
  await first.client.close();
  const transport = new StreamableHTTPClientTransport(
    new URL(governed.url),
    sessionId === undefined ? {} : { sessionId },
  );
  const client = new Client({ name: 'eras', version: '1' });
  await client.connect(transport);
  transport.setProtocolVersion('2025-11-25');
  const resumed = client.request(
    { method: 'tools/call', params: { name: 'wait', arguments: {} } },
    CallToolResultSchema,
    { resumptionToken: token },
  );
  server.release();
  assert.deepEqual((await resumed).content, [{ type: 'text', text: 'waited' }]);
  await client.close();
});

test('a session that was ended is gone', async () => {
  await using connected = await connectLegacy(governed.url);
  const { client, transport } = connected;
  await transport.terminateSession();
  await assert.rejects(client.listTools());
});

test('any replica serves a session', async () => {
  await using replicas = await govern(server.url, { tools: server.tools, replicas: 3 });
  await using connected = await connectLegacy(replicas.url);
  const { client, text } = connected;
  for (let times = 0; times < 6; times++) assert.match(await text('test_simple_text'), /simple text/);
  assert.equal((await client.listResources()).resources.length, 3);
  assert.equal((await client.getPrompt({ name: 'test_simple_prompt' })).messages.length, 1);
  assert.equal(
    replicas.shares().every((share) => share > 1),
    true,
    'one replica served it all',
  );
});

/** What happened, one after the other. */
function signal<T>(): { give(value: T): void; next(): Promise<T> } {
  const happened: T[] = [];
  const waiting: ((value: T) => void)[] = [];
  return {
    give: (value) => {
      const take = waiting.shift();
      if (take === undefined) happened.push(value);
      else take(value);
    },
    next: async () => {
      for (const value of happened.splice(0, 1)) return value;
      return new Promise<T>((resolve) => waiting.push(resolve));
    },
  };
}
