import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startEverything } from '../conformance/everything.ts';
import { type Governed, govern } from '../conformance/governed.ts';
import { type Subject } from '../conformance/subject.ts';
import { type ModernClient, connectModern } from './support/modern-client.ts';

const TOOLS = [
  'echo',
  'get-sum',
  'get-roots-list',
  'get-annotated-message',
  'trigger-long-running-operation',
  'trigger-elicitation-request',
  'trigger-sampling-request',
  'trigger-url-elicitation',
  'toggle-simulated-logging',
  'toggle-subscriber-updates',
];

let server: Subject;
let governed: Governed;
let modern: ModernClient;

before(async () => {
  server = await startEverything();
  governed = await govern(server.url, { tools: TOOLS, replicas: 1 });
  modern = await connectModern(governed.url);
});

after(async () => {
  await modern[Symbol.asyncDispose]();
  await governed[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

function textOf(result: object): string {
  return JSON.stringify(result);
}

test('`server/discover` says what the server said when its session began', () => {
  assert.equal(modern.client.getServerVersion()?.name, 'mcp-servers/everything');
  assert.equal(modern.client.getServerCapabilities()?.resources?.subscribe, true);
  assert.match(modern.client.getInstructions() ?? '', /./);
});

test('tools are listed and called', async () => {
  const { tools } = await modern.client.listTools();
  assert.deepEqual(tools.map(({ name }) => name).toSorted(), TOOLS.toSorted());
  assert.match(textOf(await modern.client.callTool({ name: 'echo', arguments: { message: 'hi' } })), /Echo: hi/);
});

test('progress', async () => {
  const seen: number[] = [];
  await modern.client.callTool(
    { name: 'trigger-long-running-operation', arguments: { duration: 0.2, steps: 2 } },
    // Without a total it is the client's own, which tells of rounds.
    { onprogress: ({ progress, total }) => void (total === 2 && seen.push(progress)) },
  );
  assert.deepEqual(seen, [1, 2]);
});

test('elicitation', async () => {
  const result = await modern.client.callTool({ name: 'trigger-elicitation-request', arguments: {} });
  assert.match(textOf(result), /Alice/);
});

test('sampling', async () => {
  const result = await modern.client.callTool({ name: 'trigger-sampling-request', arguments: { prompt: 'x' } });
  assert.match(textOf(result), /a sampled answer/);
});

test('roots', async () => {
  const result = await modern.client.callTool({ name: 'get-roots-list', arguments: {} });
  assert.match(textOf(result), /home\/alice/);
});

test('a URL to open, as a question of the server', async () => {
  const before = modern.asked.length;
  const result = await modern.client.callTool({
    name: 'trigger-url-elicitation',
    arguments: { url: 'https://example.com/question' },
  });
  assert.deepEqual(modern.asked.slice(before), ['elicitation/create url']);
  assert.match(textOf(result), /User completed the URL elicitation flow/);
});

test('a URL to open, as an error: the call goes on after it, where this server asks once more', async () => {
  const before = modern.asked.length;
  const result = await modern.client.callTool({
    name: 'trigger-url-elicitation',
    arguments: { url: 'https://example.com/error', errorPath: true },
  });
  assert.deepEqual(modern.asked.slice(before), ['elicitation/create url', 'elicitation/create url']);
  assert.match(textOf(result), /User completed the URL elicitation flow/);
});

test('prompts, and completion of their arguments', async () => {
  const { prompts } = await modern.client.listPrompts();
  assert.ok(prompts.some(({ name }) => name === 'completable-prompt'));
  const prompt = await modern.client.getPrompt({ name: 'args-prompt', arguments: { city: 'Lisbon', state: 'PT' } });
  assert.match(textOf(prompt), /Lisbon/);
  const { completion } = await modern.client.complete({
    ref: { type: 'ref/prompt', name: 'completable-prompt' },
    argument: { name: 'department', value: 'E' },
  });
  assert.deepEqual(completion.values, ['Engineering']);
});

test('resources and templates; what is not there is said as MCP 2026-07-28 says it', async () => {
  const { resources } = await modern.client.listResources();
  const [first] = resources;
  assert.ok(first !== undefined);
  const { contents } = await modern.client.readResource({ uri: first.uri });
  assert.equal(contents[0]?.uri, first.uri);
  const { resourceTemplates } = await modern.client.listResourceTemplates();
  assert.ok(resourceTemplates.length > 0);
  await assert.rejects(modern.client.readResource({ uri: 'demo://resource/none' }), { code: -32602 });
});

test('updates of a resource that is listened to', async () => {
  const { resources } = await modern.client.listResources();
  const uri = resources[0]?.uri ?? '';
  const updated = Promise.withResolvers<string>();
  modern.client.setNotificationHandler('notifications/resources/updated', ({ params }) => updated.resolve(params.uri));
  const subscription = await modern.client.listen({ resourceSubscriptions: [uri] });
  assert.deepEqual(subscription.honoredFilter, { resourceSubscriptions: [uri] });
  await modern.client.callTool({ name: 'toggle-subscriber-updates', arguments: {} });
  assert.equal(await updated.promise, uri);
  await modern.client.callTool({ name: 'toggle-subscriber-updates', arguments: {} });
  await subscription.close();
});

test('every round was decided and recorded', () => {
  const calls = governed.events.filter(({ payload }) => payload.tool_name === 'trigger-elicitation-request');
  // The server asks a new client for its roots, too, when it likes: that may be a round more.
  assert.ok(calls.length >= 2, 'a round went unrecorded');
  const outcomes = calls.map(({ payload }) => `${payload.decision} ${payload.outcome}`);
  assert.deepEqual(new Set(outcomes), new Set(['allow ok']));
});
