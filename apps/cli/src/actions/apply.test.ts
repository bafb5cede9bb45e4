import assert from 'node:assert/strict';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli } from '../testing/program.ts';
import { startScriptedApi } from '../testing/scripted-api.ts';

const grantNamed = (name: string) =>
  `apiVersion: mcpruntime.org/v1alpha1\nkind: MCPAccessGrant\nmetadata: { name: ${name} }\nspec:\n  serverRef: { name: files }\n  subject: { humanID: alice }\n`;
const SESSION = grantNamed('s').replace('MCPAccessGrant', 'MCPAgentSession');

const applied = (names: readonly string[]) => ({
  'POST /runtime/apply': () => ({
    body: {
      results: names.map((name) => ({ kind: 'MCPAccessGrant', namespace: 'mcp-servers', name, action: 'created' })),
    },
  }),
});

test('applies every resource of files and standard input in one request', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'cli-apply-'));
  await using api = await startScriptedApi(applied(['a', 'b']));
  const file = join(folder.path, 'a.yaml');
  await writeFile(file, grantNamed('a'));
  const ran = await runCli(['access', 'grant', 'apply', '-f', file, '-f', '-'], {
    env: api.env,
    stdin: grantNamed('b'),
  });
  assert.deepEqual([ran.status, ran.stderr], [0, '']);
  assert.equal(
    ran.stdout,
    'KIND            NAMESPACE    NAME  ACTION\nMCPAccessGrant  mcp-servers  a     created\nMCPAccessGrant  mcp-servers  b     created\n',
  );
  assert.equal(api.asked.length, 1);
  assert.partialDeepStrictEqual(api.asked[0], {
    line: 'POST /runtime/apply',
    authorization: 'Bearer secret',
    body: { dryRun: false, resources: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }] },
  });
});

test('tells all faults, a line each, and asks the API for nothing', async () => {
  await using api = await startScriptedApi({});
  const stdin = `${grantNamed('a')}  maxTrust: hihg\n---\n${grantNamed('b')}  trust: low\n`;
  const ran = await runCli(['server', 'apply', '-f', '-'], { env: api.env, stdin });
  assert.equal(ran.status, 65);
  assert.match(ran.stderr, /nothing was applied \(invalid_resource\)\n/);
  assert.match(ran.stderr, /standard input:7:13: MCPAccessGrant mcp-servers\/a spec\.maxTrust: .*did you mean "high"/);
  assert.match(ran.stderr, /standard input:15:3: MCPAccessGrant mcp-servers\/b spec\.trust: unknown field/);
  assert.deepEqual(api.asked, []);
});

test('access grant apply takes grants only', async () => {
  await using api = await startScriptedApi(applied([]));
  const ran = await runCli(['access', 'grant', 'apply', '-f', '-'], { env: api.env, stdin: SESSION });
  assert.equal(ran.status, 65);
  assert.match(ran.stderr, /only MCPAccessGrant objects are taken here, found MCPAgentSession mcp-servers\/s/);
  assert.deepEqual(api.asked, []);
});

test('a dry run says so, in the request and to the user', async () => {
  await using api = await startScriptedApi(applied(['a']));
  const ran = await runCli(['server', 'apply', '-f', '-', '--dry-run'], { env: api.env, stdin: grantNamed('a') });
  assert.match(ran.stdout, /nothing was changed/);
  assert.partialDeepStrictEqual(api.asked[0], { body: { dryRun: true } });
});

test('fields of others are taken over only when that is asked for', async () => {
  await using api = await startScriptedApi(applied(['a']));
  const apply = ['access', 'grant', 'apply', '-f', '-'];
  await runCli(apply, { env: api.env, stdin: grantNamed('a') });
  await runCli([...apply, '--force-conflicts'], { env: api.env, stdin: grantNamed('a') });
  assert.deepEqual(
    api.asked.map(({ body }) => Object(body).force),
    [undefined, true],
  );
});

test('an empty input is an error', async () => {
  const ran = await runCli(['server', 'apply', '-f', '-'], { stdin: '' });
  assert.equal(ran.status, 65);
  assert.equal((await runCli(['server', 'apply'])).status, 64);
});
