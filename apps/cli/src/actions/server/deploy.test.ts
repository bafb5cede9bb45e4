import assert from 'node:assert/strict';
import { chmod, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type MCPServer } from '@mcp-runtime/api';
import { aServer, aStatus } from '../../testing/objects.ts';
import { runCli } from '../../testing/program.ts';
import { type Asked, startScriptedApi } from '../../testing/scripted-api.ts';

const DEPLOY = ['server', 'deploy', 'files', '--npm', 'files@1.0.0'];
const TOOLS = [
  { name: 'read_file', declared: false, proposedSideEffect: 'read' as const },
  { name: 'wipe', declared: false, proposedSideEffect: 'destructive' as const },
];

/** A runtime with one server: what is posted is there afterwards, with the statuses given, the last one for good. */
function runtimeWith(initial: MCPServer | undefined, statuses: readonly NonNullable<MCPServer['status']>[]) {
  let server = initial;
  let seen = 0;
  return {
    'GET /runtime/servers/mcp-servers/files': () => {
      if (server === undefined) return { status: 404, body: { error: 'not_found', message: 'no server' } };
      const status = statuses[Math.min(seen++, statuses.length - 1)];
      return { body: { server: { ...server, status } } };
    },
    'POST /runtime/servers': ({ body }: Asked) => {
      const { spec } = Object(body);
      server = aServer({ spec });
      return { body: { server } };
    },
    'GET /runtime/grants': () => ({ body: { grants: [] } }),
    'GET /runtime/servers/mcp-servers/files/logs': () => ({ text: 'starting\nError: no such folder\n' }),
  };
}

const posts = (asked: readonly Asked[]) => asked.filter(({ line }) => line.startsWith('POST'));

test('deploys a governed server, waits until it is ready, and says who may call it', async () => {
  const preparing = aStatus('False', { reason: 'Preparing', message: 'installing files@1.0.0', phase: 'Pending' });
  await using api = await startScriptedApi(
    runtimeWith(undefined, [preparing, preparing, aStatus('True', { tools: TOOLS })]),
  );
  const ran = await runCli([...DEPLOY, '--env', 'A=b=c', '--', '/data', '--port=1'], { env: api.env });
  assert.equal(ran.status, 0, ran.stderr);
  assert.equal(ran.stderr, 'server files: created, npm files@1.0.0\nwaiting: installing files@1.0.0\n');
  assert.match(ran.stdout, /^server files is ready: http:\/\/127\.0\.0\.1:7400\/files\/mcp\n/);
  assert.match(ran.stdout, /wipe +destructive \(proposed\) +not declared: never callable/);
  assert.match(ran.stdout, /Nobody may call it until a grant says so/);
  assert.match(ran.stdout, /mcp-runtime access session token files-agent/);
  assert.partialDeepStrictEqual(posts(api.asked)[0]?.body, {
    name: 'files',
    namespace: 'mcp-servers',
    update: false,
    dryRun: false,
    spec: {
      source: { npm: { package: 'files', version: '1.0.0', args: ['/data', '--port=1'] } },
      transport: 'stdio',
      envVars: [{ name: 'A', value: 'b=c' }],
      auth: { mode: 'token' },
      policy: { enforceOn: 'all', defaultDecision: 'deny' },
      session: { required: true },
      gateway: { enabled: true },
    },
  });
});

test('a second run changes nothing', async () => {
  await using api = await startScriptedApi(runtimeWith(aServer(), [aStatus('True')]));
  const ran = await runCli([...DEPLOY, '--', '/data'], { env: api.env });
  assert.deepEqual([ran.status, ran.stderr], [0, 'server files: unchanged, npm files@1.0.0\n']);
  assert.deepEqual(posts(api.asked), []);
});

test('another version needs --update, which keeps what governs the server', async () => {
  const { policy } = aServer().spec;
  assert.ok(policy);
  const strict = aServer({
    spec: {
      tools: [{ name: 'x', sideEffect: 'read', requiredTrust: 'high' }],
      policy: { ...policy, policyVersion: 'v9' },
    },
  });
  await using api = await startScriptedApi(runtimeWith(strict, [aStatus('True')]));
  const words = ['server', 'deploy', 'files', '--npm', 'files@2.0.0'];
  const refused = await runCli([...words, '--', '/data'], { env: api.env });
  assert.equal(refused.status, 73);
  assert.match(refused.stderr, /exists and is different: npm files@1\.0\.0 .*\nnext: {2}add --update/);

  const updated = await runCli([...words, '--update', '--', '/data'], { env: api.env });
  assert.equal(updated.status, 0, updated.stderr);
  const { update, spec } = Object(posts(api.asked)[0]?.body);
  assert.equal(update, true);
  assert.deepEqual([spec.tools, spec.policy], [strict.spec.tools, strict.spec.policy]);
});

test('--accept-tools declares what the handshake found, as proposed, and leaves what is declared', async () => {
  const declared = [{ name: 'wipe', sideEffect: 'write' as const, requiredTrust: 'high' as const }];
  await using api = await startScriptedApi(
    runtimeWith(aServer({ spec: { tools: declared } }), [aStatus('True', { tools: TOOLS })]),
  );
  const ran = await runCli([...DEPLOY, '--accept-tools', '--', '/data'], { env: api.env });
  assert.equal(ran.status, 0, ran.stderr);
  assert.partialDeepStrictEqual(posts(api.asked)[0]?.body, {
    update: true,
    spec: { tools: [...declared, { name: 'read_file', sideEffect: 'read', requiredTrust: 'low' }] },
  });
});

test('a server that cannot start ends the wait with why and the end of its log', async () => {
  const failed = aStatus('False', { reason: 'ServerExited', phase: 'Error', message: 'exited with status 1' });
  await using api = await startScriptedApi(runtimeWith(undefined, [failed]));
  const ran = await runCli(DEPLOY, { env: api.env });
  assert.equal(ran.status, 69);
  assert.match(ran.stderr, /error: server `files` does not become ready: exited with status 1 \(server_exited\)\n/);
  assert.match(ran.stderr, /its log ends with:\n.*starting\n.*Error: no such folder\n/);
  assert.match(ran.stderr, /next: {2}mcp-runtime server logs files/);
});

test('a status of an earlier generation does not count', async () => {
  const old = aStatus('True', { observedGeneration: 0 });
  await using api = await startScriptedApi(runtimeWith(undefined, [old]));
  const ran = await runCli([...DEPLOY, '--timeout', '0'], { env: api.env });
  assert.equal(ran.status, 75);
  assert.match(ran.stderr, /is not ready in time.*/);
});

test('a dry run posts as one and does not wait', async () => {
  await using api = await startScriptedApi(runtimeWith(undefined, []));
  const ran = await runCli([...DEPLOY, '--dry-run'], { env: api.env });
  assert.equal(ran.status, 0);
  assert.deepEqual(
    api.asked.map(({ line }) => line),
    ['GET /runtime/servers/mcp-servers/files', 'POST /runtime/servers'],
  );
  assert.partialDeepStrictEqual(posts(api.asked)[0]?.body, { dryRun: true });
});

/** A folder for PATH with an `npm` that prints its arguments' last but one, and what it is told to. */
async function fakeNpm(script: string) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'cli-npm-'));
  const file = join(folder.path, 'npm');
  await writeFile(file, `#!${process.execPath}\nconst spec = process.argv.at(-2);\n${script}\n`);
  await chmod(file, 0o755);
  return folder;
}

const LOOKUPS = [
  {
    id: 'the newest version',
    npm: 'files',
    script: 'console.log(spec === "files" ? \'"3.1.0"\' : "")',
    version: '3.1.0',
  },
  {
    id: 'the newest of a range',
    npm: '@a/files@^2',
    script: 'console.log(spec === "@a/files@^2" ? \'["2.0.0","2.5.0"]\' : "")',
    version: '2.5.0',
  },
] as const;

for (const { id, npm, script, version } of LOOKUPS) {
  test(`without an exact version, npm is asked for ${id}`, async () => {
    await using folder = await fakeNpm(script);
    await using api = await startScriptedApi(runtimeWith(undefined, [aStatus('True')]));
    const ran = await runCli(['server', 'deploy', 'files', '--npm', npm], { env: { ...api.env, PATH: folder.path } });
    assert.equal(ran.status, 0, ran.stderr);
    assert.equal(Object(posts(api.asked)[0]?.body).spec.source.npm.version, version);
  });
}

test('a package that npm does not have is told as such', async () => {
  await using folder = await fakeNpm(
    'console.log(JSON.stringify({ error: { code: "E404", summary: "Not Found" } })); process.exitCode = 1;',
  );
  await using api = await startScriptedApi(runtimeWith(undefined, []));
  const ran = await runCli(['server', 'deploy', 'files', '--npm', 'nope'], { env: { ...api.env, PATH: folder.path } });
  assert.deepEqual(
    [ran.status, ran.stderr],
    [66, 'error: npm has no package `nope` (not_found)\nnext:  check the name\n'],
  );
});

test('without npm, an exact version is asked for', async () => {
  await using api = await startScriptedApi(runtimeWith(undefined, []));
  const ran = await runCli(['server', 'deploy', 'files', '--npm', 'files'], {
    env: { ...api.env, PATH: '/nonexistent' },
  });
  assert.equal(ran.status, 69);
  assert.match(ran.stderr, /npm was not found in PATH[^]*next: {2}give an exact version/);
});

const FAULTS = [
  { id: 'no source', words: [], stderr: /exactly one of `--npm`/ },
  { id: 'two sources', words: ['--npm', 'a@1.0.0', '--url', 'http://x/mcp'], stderr: /exactly one of/ },
  { id: 'a package that is an option', words: ['--npm', '--registry=x'], stderr: /must be an npm package name/ },
  { id: 'a range for pypi', words: ['--pypi', 'a>=1'], stderr: /must be a PyPI package name/ },
  { id: 'what is no URL', words: ['--url', 'notaurl'], stderr: /--url: needs an absolute http or https URL.*\nnext: / },
  { id: 'arguments for a URL', words: ['--url', 'http://x/mcp', '--', 'a'], stderr: /takes no arguments/ },
  { id: 'a URL over stdio', words: ['--url', 'http://x/mcp', '--transport', 'stdio'], stderr: /must be `http`/ },
  {
    id: 'a pypi package without version on another index',
    words: ['--pypi', 'a'],
    stderr: /needs a version, since PIP_INDEX_URL/,
  },
] as const;

for (const { id, words, stderr } of FAULTS) {
  test(`refuses ${id}`, async () => {
    await using api = await startScriptedApi({});
    const env = { ...api.env, PIP_INDEX_URL: 'http://127.0.0.1/simple' };
    const ran = await runCli(['server', 'deploy', 'files', ...words], { env });
    assert.equal(ran.status, 64, ran.stderr);
    assert.match(ran.stderr, stderr);
    assert.deepEqual(posts(api.asked), []);
  });
}

test('a variable without a name is refused without showing it', async () => {
  await using api = await startScriptedApi({});
  const ran = await runCli([...DEPLOY, '--env', 'hunter2'], { env: api.env });
  assert.equal(ran.status, 64);
  assert.doesNotMatch(ran.stderr, /hunter2/);
});
