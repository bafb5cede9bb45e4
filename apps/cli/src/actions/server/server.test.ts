import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aServer, aStatus } from '../../testing/objects.ts';
import { runCli } from '../../testing/program.ts';
import { startScriptedApi } from '../../testing/scripted-api.ts';

const SERVER = aServer({ status: aStatus('True', { missingTools: ['gone'] }) });
const READY = { ...SERVER, metadata: { ...SERVER.metadata, managedFields: [{ manager: 'mcp-runtime-api' }] } };
const SUMMARY = {
  name: 'files',
  namespace: 'mcp-servers',
  source: 'npm files@1.0.0',
  transport: 'stdio',
  status: 'NotReady',
  reason: 'Preparing',
  message: 'installing',
  age: '5m',
  conditions: [],
};
const PATH = '/runtime/servers/mcp-servers/files';

test('lists servers', async () => {
  await using api = await startScriptedApi({ 'GET /runtime/servers': () => ({ body: { servers: [SUMMARY] } }) });
  const ran = await runCli(['server', 'list'], { env: api.env });
  assert.match(ran.stdout, /files +mcp-servers +NotReady +npm files@1\.0\.0 +5m\n/);
  const status = await runCli(['server', 'status'], { env: api.env });
  assert.match(status.stdout, /files +NotReady +Preparing +installing\n/);
  assert.deepEqual(
    api.asked.map(({ line }) => line),
    ['GET /runtime/servers', 'GET /runtime/servers?namespace=mcp-servers'],
  );
});

test('shows one server, its conditions and its tools', async () => {
  await using api = await startScriptedApi({ [`GET ${PATH}`]: () => ({ body: { server: READY } }) });
  const get = await runCli(['server', 'get', 'files'], { env: api.env });
  assert.match(get.stdout, /ready +True: the server answers/);
  const yaml = await runCli(['server', 'get', 'files', '-o', 'yaml'], { env: api.env });
  assert.match(yaml.stdout, /^apiVersion: mcpruntime\.org\/v1alpha1\nkind: MCPServer\n/);
  assert.doesNotMatch(yaml.stdout, /managedFields/);
  const status = await runCli(['server', 'status', 'files'], { env: api.env });
  assert.match(status.stdout, /Ready +True +Ready/);
  assert.match(status.stdout, /gone +declared, but not offered/);
});

test('a server that is not there has status 66', async () => {
  await using api = await startScriptedApi({});
  const ran = await runCli(['server', 'get', 'nope'], { env: api.env });
  assert.deepEqual([ran.status, ran.stdout], [66, '']);
});

test('logs are printed as they are', async () => {
  await using api = await startScriptedApi({ [`GET ${PATH}/logs`]: () => ({ text: 'one\ntwo\n' }) });
  const ran = await runCli(['server', 'logs', 'files', '--tail', '2', '--follow'], { env: api.env });
  assert.deepEqual(ran, { status: 0, stdout: 'one\ntwo\n', stderr: '' });
  assert.equal(api.asked[0]?.line, `GET ${PATH}/logs?tail=2&follow=true`);
});

test('deleting twice is fine', async () => {
  let there = true;
  await using api = await startScriptedApi({
    [`DELETE ${PATH}`]: () => {
      const changed = there;
      there = false;
      return { body: { success: true, namespace: 'mcp-servers', name: 'files', changed } };
    },
  });
  const first = await runCli(['server', 'delete', 'files'], { env: api.env });
  const second = await runCli(['server', 'delete', 'files'], { env: api.env });
  assert.deepEqual([first.status, first.stdout], [0, 'server mcp-servers/files deleted\n']);
  assert.deepEqual([second.status, second.stdout], [0, 'server mcp-servers/files does not exist\n']);
});

test('shows the policy that is in force, and prints the document as it is', async () => {
  const document = {
    schema_version: 'v1',
    revision: 'abc',
    server: { name: 'files', namespace: 'mcp-servers' },
    grants: [{ name: 'g', human_id: 'alice', allowed_side_effects: ['read'], disabled: true }],
  };
  await using api = await startScriptedApi({ 'GET /runtime/policy': () => ({ body: document }) });
  const ran = await runCli(['server', 'policy', 'inspect', 'files'], { env: api.env });
  assert.match(ran.stdout, /g \(disabled\) +alice +read\n/);
  const json = await runCli(['server', 'policy', 'inspect', 'files', '-o', 'json'], { env: api.env });
  assert.deepEqual(JSON.parse(json.stdout), document);
});
