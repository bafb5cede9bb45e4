import assert from 'node:assert/strict';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseResources } from '@mcp-runtime/control-plane/files';
import { parse } from 'yaml';
import { runCli } from '../../testing/program.ts';

const ALICE = ['--server', 'files', '--human-id', 'alice@example.com', '--agent-id', 'research-agent'];
const GRANT = ['access', 'grant', 'init', 'research', ...ALICE];
const SESSION = ['access', 'session', 'init', 'research', ...ALICE];

test('writes a grant to standard output that can be applied', async () => {
  const words = [...GRANT, '--trust', 'medium', '--tool', 'read_file', '--tool-rule', 'a:b:deny:high', '-o', '-'];
  const { status, stdout, stderr } = await runCli(words);
  assert.deepEqual([status, stderr], [0, '']);
  assert.deepEqual(parse(stdout), {
    apiVersion: 'mcpruntime.org/v1alpha1',
    kind: 'MCPAccessGrant',
    metadata: { name: 'research', namespace: 'mcp-servers' },
    spec: {
      serverRef: { name: 'files' },
      subject: { humanID: 'alice@example.com', agentID: 'research-agent' },
      maxTrust: 'medium',
      allowedSideEffects: ['read'],
      disabled: false,
      toolRules: [
        { name: 'read_file', decision: 'allow', requiredTrust: 'medium' },
        { name: 'a:b', decision: 'deny', requiredTrust: 'high' },
      ],
    },
  });
  assert.deepEqual(parseResources('grant.yaml', stdout).problems, []);
});

test('writes a session that ends after a duration', async () => {
  const before = Date.now();
  const { stdout } = await runCli([...SESSION, '--expires-in', '1h30m', '--upstream-token-secret', 's', '-o', '-']);
  const session = parse(stdout);
  const lifeMs = Date.parse(session.spec.expiresAt) - before;
  assert.ok(lifeMs > 5_399_000 - 1000 && lifeMs < 5_460_000, String(lifeMs));
  assert.deepEqual(session.spec.upstreamTokenSecretRef, { name: 's', key: 'token' });
  assert.deepEqual(parseResources('session.yaml', stdout).problems, []);
});

test('writes a file, says what to do next, and replaces it only with --force', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'cli-init-'));
  const world = { cwd: folder.path };
  const first = await runCli(GRANT, world);
  assert.deepEqual([first.status, first.stdout], [0, '']);
  assert.match(first.stderr, /next: {2}mcp-runtime access grant apply -f grant\.yaml/);
  const text = await readFile(join(folder.path, 'grant.yaml'), 'utf8');

  const second = await runCli([...GRANT, '--trust', 'high'], world);
  assert.equal(second.status, 73);
  assert.match(second.stderr, /`grant\.yaml` exists .*\nnext: {2}add --force/);
  assert.equal(await readFile(join(folder.path, 'grant.yaml'), 'utf8'), text);

  assert.equal((await runCli([...GRANT, '--trust', 'high', '--force'], world)).status, 0);
  assert.match(await readFile(join(folder.path, 'grant.yaml'), 'utf8'), /maxTrust: high/);
});

const FAULTS = [
  { id: 'no server', words: ['access', 'grant', 'init', 'a', '--human-id', 'h'], stderr: /`--server` is needed/ },
  { id: 'nobody', words: ['access', 'grant', 'init', 'a', '--server', 's'], stderr: /at least one of `--human-id`/ },
  {
    id: 'a bad name',
    words: ['access', 'grant', 'init', 'A', '--server', 's', '--team-id', 't'],
    stderr: /metadata\.name/,
  },
  {
    id: 'a malformed rule',
    words: [...GRANT, '--tool-rule', 'x:maybe:low'],
    stderr: /NAME:allow\|deny:low\|medium\|high/,
  },
  { id: 'a tool twice', words: [...GRANT, '--tool', 'x', '--tool', 'x'], stderr: /must not name a tool twice/ },
  {
    id: 'both ends',
    words: [...SESSION, '--expires-in', '8h', '--expires-at', '2030-01-01T00:00:00Z'],
    stderr: /exclude each other/,
  },
  { id: 'a malformed end', words: [...SESSION, '--expires-at', 'tomorrow'], stderr: /spec\.expiresAt/ },
  { id: 'a malformed duration', words: [...SESSION, '--expires-in', '8 hours'], stderr: /a duration such as 8h/ },
] as const;

for (const { id, words, stderr } of FAULTS) {
  test(`init refuses ${id} and writes nothing`, async () => {
    const ran = await runCli([...words, '-o', '-']);
    assert.equal(ran.status, 64);
    assert.match(ran.stderr, stderr);
    assert.equal(ran.stdout, '');
  });
}
