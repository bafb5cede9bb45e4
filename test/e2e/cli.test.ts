/** The commands of the first steps, one after the other, as a person types them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { ApplyResult, AuditEvent, MCPServer, PolicyDocument, RuntimeStatus } from '@mcp-runtime/api';
import { cli, cliJson, cliText } from '../support/cli.ts';
import { connectSdkV2 } from '../support/clients.ts';
import { readRuntimeFile } from '../support/platform-api.ts';
import { startProgram } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { untilTrue } from '../support/until.ts';
import { type Up, startUp } from '../support/up.ts';

const PACKAGE = '@modelcontextprotocol/server-filesystem@2026.8.31';
const BIN = join(import.meta.dirname, '..', '..', 'bin');
const WHO = ['--server', 'files2', '--human-id', 'bob@example.com', '--agent-id', 'editor'];

const opened = new AsyncDisposableStack();
let up: Up;
let shared: string;
let at: { readonly dataDir: string; readonly cwd: string };

before(async () => {
  const folder = opened.use(await tempDir());
  shared = join(folder.path, 'shared');
  await mkdir(shared);
  await writeFile(join(shared, 'note.txt'), 'a note');
  up = opened.use(await startUp({ dataDir: join(folder.path, 'data'), files: [] }));
  at = { dataDir: up.dataDir, cwd: folder.path };
});

after(() => opened.disposeAsync());

function deploy(...flags: readonly string[]): readonly string[] {
  return ['server', 'deploy', 'files2', '--npm', PACKAGE, ...flags, '--', shared];
}

async function callNote(): Promise<string> {
  const token = (await cliText(['access', 'session', 'token', 'editor'], at)).trim();
  await using client = await connectSdkV2({ url: `${up.gatewayUrl}/files2/mcp`, token });
  return await client.call('read_text_file', { path: join(shared, 'note.txt') });
}

/** What an apply did to each object. */
async function actionsOf(words: readonly string[]): Promise<readonly string[]> {
  const results = ApplyResult.shape.results.parse(await cliJson(words, at));
  return results.map(({ action }) => action);
}

test('a dry run of a deployment changes nothing', async () => {
  const text = await cliText(deploy('--dry-run'), at);
  assert.match(text, /nothing was changed/);
  assert.match(await cliText(['server', 'list'], at), /no servers/);
});

test('server deploy shows the governed URL and the tools that it found', async () => {
  const text = await cliText(deploy('--accept-tools'), at);
  assert.ok(text.includes(`${up.gatewayUrl}/files2/mcp`), text);
  assert.match(text, /read_text_file\s.*read/);
  assert.match(text, /write_file\s.*destructive/);
  assert.match(text, /Nobody may call it until a grant says so/);
});

test('the same deployment again changes nothing, another one is refused without --update', async () => {
  const again = await cli(deploy(), at);
  assert.equal(again.status, 0, again.stderr);
  assert.match(again.stderr, /unchanged/);
  const other = await cli(['server', 'deploy', 'files2', '--url', 'http://127.0.0.1:9/mcp'], at);
  assert.equal(other.status, 73, other.stderr);
  assert.match(other.stderr, /\(already_exists\)/);
});

test('a session without a grant opens nothing', async () => {
  await cliText(['access', 'session', 'init', 'editor', ...WHO, '--expires-in', '8h'], at);
  assert.match(await readFile(join(at.cwd, 'session.yaml'), 'utf8'), /kind: MCPAgentSession/);
  assert.deepEqual(await actionsOf(['access', 'session', 'apply', '-f', 'session.yaml']), ['created']);
  await assert.rejects(callNote(), { code: 40300 });
});

test('with a grant the call is allowed', async () => {
  await cliText(['access', 'grant', 'init', 'editor', ...WHO, '--side-effect', 'read'], at);
  const dryRun = ['access', 'grant', 'apply', '-f', 'grant.yaml', '--dry-run'];
  assert.deepEqual(await actionsOf(dryRun), ['created']);
  await assert.rejects(callNote(), { code: 40300 }, 'the dry run granted something');
  assert.deepEqual(await actionsOf(['access', 'grant', 'apply', '-f', 'grant.yaml']), ['created']);
  assert.equal(await callNote(), 'a note');
});

test('applying the same again is unchanged', async () => {
  assert.deepEqual(await actionsOf(['access', 'grant', 'apply', '-f', 'grant.yaml']), ['unchanged']);
  assert.deepEqual(await actionsOf(['server', 'apply', '-f', 'session.yaml', '-f', 'grant.yaml']), [
    'unchanged',
    'unchanged',
  ]);
});

test('what `server get` printed can be edited and applied', async () => {
  const file = join(at.cwd, 'files2.yaml');
  await writeFile(file, await cliText(['server', 'get', 'files2', '-o', 'yaml'], at));
  await actionsOf(['server', 'apply', '-f', file]);
  assert.deepEqual(await actionsOf(['server', 'apply', '-f', file]), ['unchanged']);
  await writeFile(file, (await readFile(file, 'utf8')).replace('sideEffect: destructive', 'sideEffect: write'));
  const refused = await cli(['server', 'apply', '-f', file], at);
  assert.equal(refused.status, 75);
  assert.match(refused.stderr, /spec\.tools.*\(conflict\)\nnext: .*--force-conflicts/);
  assert.deepEqual(await actionsOf(['server', 'apply', '-f', file, '--force-conflicts']), ['configured']);
});

test('a shell offers the names of what is there', async () => {
  const line =
    'source <(mcp-runtime completion bash); COMP_WORDS=(mcp-runtime server get f); COMP_CWORD=3; _mcp_runtime';
  const env = {
    ...process.env,
    MCP_RUNTIME_DATA_DIR: at.dataDir,
    PATH: [dirname(process.execPath), BIN, process.env['PATH']].join(delimiter),
  };
  const { stdout } = await promisify(execFile)('bash', ['-c', `${line}; echo "\${COMPREPLY[*]}"`], { env });
  assert.equal(stdout, 'files2\n');
});

test('a grant that is disabled counts no more, and again once enabled', async () => {
  await cliText(['access', 'grant', 'disable', 'editor'], at);
  await assert.rejects(callNote());
  await cliText(['access', 'grant', 'enable', 'editor'], at);
  assert.equal(await callNote(), 'a note');
});

test('server policy inspect shows the document in force', async () => {
  const document = PolicyDocument.parse(await cliJson(['server', 'policy', 'inspect', 'files2'], at));
  assert.deepEqual(
    document.grants?.map(({ name, human_id }) => [name, human_id]),
    [['editor', 'bob@example.com']],
  );
  const server = MCPServer.parse(await cliJson(['server', 'get', 'files2'], at));
  assert.equal(server.status?.phase, 'Ready');
});

test('connect-config names the URL and carries no token', async () => {
  for (const client of ['claude', 'cursor', 'vscode', 'codex', 'json']) {
    const text = await cliText(['server', 'connect-config', 'files2', '--client', client], at);
    assert.ok(text.includes(`${up.gatewayUrl}/files2/mcp`), client);
    assert.doesNotMatch(text, /eyJ/, client);
  }
});

test('server logs shows what the server wrote', async () => {
  assert.match(await cliText(['server', 'logs', 'files2'], at), /Filesystem/i);
});

test('the audit log lists, exports and verifies what happened', async () => {
  const denied = AuditEvent.array().parse(
    await cliJson(['audit', 'list', '--decision', 'deny', '--server', 'files2'], at),
  );
  assert.ok(denied.some(({ payload }) => payload.reason === 'no_matching_grant'));
  await cliText(['audit', 'export', '--since', '1h', '-f', 'audit.jsonl'], at);
  const lines = (await readFile(join(at.cwd, 'audit.jsonl'), 'utf8')).trimEnd().split('\n');
  const events = lines.map((line) => AuditEvent.parse(JSON.parse(line)));
  const calls = events.filter(({ payload }) => payload.tool_name === 'read_text_file');
  assert.ok(calls.some(({ payload }) => payload.decision === 'allow' && payload.matched_grant === 'editor'));
  assert.ok(!lines.some((line) => line.includes('note.txt')), 'an argument is in the log');
  assert.match(await cliText(['audit', 'verify'], at), /the log is whole/);
});

test('audit tail prints a call as it is recorded', async () => {
  await using tail = await startProgram(['audit', 'tail', '--decision', 'allow'], {
    env: { MCP_RUNTIME_DATA_DIR: at.dataDir },
  });
  const line = /allow\s+files2\s+read_text_file\s+bob@example\.com via editor/;
  // Nothing shows when following has begun, so calls are made until one is seen.
  await untilTrue('the tail shows a call', async () => {
    await callNote();
    return line.test(tail.stdout());
  });
});

test('a deleted server answers no more, and deleting it again is fine', async () => {
  await cliText(['server', 'delete', 'files2', '--dry-run'], at);
  assert.equal(await callNote(), 'a note');
  await cliText(['server', 'delete', 'files2'], at);
  await cliText(['server', 'delete', 'files2'], at);
  const gone = await cli(['server', 'get', 'files2'], at);
  assert.equal(gone.status, 66, gone.stderr);
  await assert.rejects(callNote());
});

test('down stops the runtime, and is fine when nothing runs', async () => {
  const status = RuntimeStatus.parse(await cliJson(['status'], at));
  assert.equal(status.pid, up.program.pid);
  assert.match(await cliText(['down'], at), /stopped/);
  assert.deepEqual(await up.program.exited, { status: 0, signal: null });
  assert.equal(await readRuntimeFile(at.dataDir), undefined);
  assert.match(await cliText(['down'], at), /nothing runs/);
  assert.equal((await cli(['status'], at)).status, 69);
});
