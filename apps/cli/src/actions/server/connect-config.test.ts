import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli } from '../../testing/program.ts';
import { aServer, aStatus } from '../../testing/objects.ts';
import { startScriptedApi } from '../../testing/scripted-api.ts';

const URL = 'http://127.0.0.1:7400/files/mcp';
const serving = (server: object) => ({ 'GET /runtime/servers/mcp-servers/files': () => ({ body: { server } }) });

const CONFIGS = {
  claude: {
    mcpServers: { files: { type: 'http', url: URL, headers: { Authorization: 'Bearer ${MCP_TOKEN}' } } },
  },
  cursor: { mcpServers: { files: { url: URL, headers: { Authorization: 'Bearer ${env:MCP_TOKEN}' } } } },
  vscode: {
    inputs: [{ type: 'promptString', id: 'files-token', description: 'Session token for files', password: true }],
    servers: { files: { type: 'http', url: URL, headers: { Authorization: 'Bearer ${input:files-token}' } } },
  },
  json: {
    mcpServers: { files: { type: 'http', url: URL, headers: { Authorization: 'Bearer ${MCP_TOKEN}' } } },
  },
} as const;

for (const [client, expected] of Object.entries(CONFIGS)) {
  test(`the configuration for ${client}`, async () => {
    await using api = await startScriptedApi(serving(aServer({ status: aStatus('True') })));
    const words = ['server', 'connect-config', 'files', '--client', client];
    const ran = await runCli(words, { env: api.env });
    assert.deepEqual(JSON.parse(ran.stdout), expected);
    assert.match(ran.stderr, /file: .*\ntoken: .*mcp-runtime access session token SESSION/);
    assert.deepEqual(JSON.parse((await runCli([...words, '-o', 'json'], { env: api.env })).stdout), expected);
  });
}

test('the configuration for codex is TOML', async () => {
  await using api = await startScriptedApi(serving(aServer({ status: aStatus('True') })));
  const ran = await runCli(['server', 'connect-config', 'files', '--client', 'codex'], { env: api.env });
  assert.equal(ran.stdout, `[mcp_servers.files]\nurl = "${URL}"\nbearer_token_env_var = "MCP_TOKEN"\n`);
});

test('a server with OAuth has no token in its configuration', async () => {
  const { auth } = aServer().spec;
  assert.ok(auth);
  const server = aServer({
    spec: { auth: { ...auth, mode: 'oauth', issuerURL: 'https://login.example.com' } },
    status: aStatus('True'),
  });
  await using api = await startScriptedApi(serving(server));
  const ran = await runCli(['server', 'connect-config', 'files', '--client', 'claude'], { env: api.env });
  assert.deepEqual(JSON.parse(ran.stdout), { mcpServers: { files: { type: 'http', url: URL } } });
});

test('a server without a URL is not there yet', async () => {
  await using api = await startScriptedApi(serving(aServer()));
  const ran = await runCli(['server', 'connect-config', 'files'], { env: api.env });
  assert.equal(ran.status, 69);
  assert.match(ran.stderr, /has no URL yet .*\nnext: {2}mcp-runtime server status files/);
});
