import assert from 'node:assert/strict';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCli } from '../../testing/program.ts';

const EXAMPLE = fileURLToPath(new URL('../../../../../examples/local', import.meta.url));
const RENDER = ['policy', 'render', '-f', EXAMPLE, '--server', 'files', '-o', 'json'];
const READ =
  '{"method":"tools/call","tool":"read_file","human_id":"alice@example.com","agent_id":"research-agent","session_id":"research-files"}';
const WRITE = READ.replace('read_file', 'write_file');

async function rendered() {
  const folder = await mkdtempDisposable(join(tmpdir(), 'cli-policy-'));
  const { stdout } = await runCli(RENDER);
  const file = join(folder.path, 'policy.json');
  await writeFile(file, stdout);
  return { file, document: JSON.parse(stdout), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

test('renders the document of the example, the same each time', async () => {
  const first = await runCli(RENDER);
  assert.equal(first.status, 0);
  assert.deepEqual(await runCli(RENDER), first);
  assert.match(JSON.parse(first.stdout).revision, /^\S+$/);
});

test('names the servers that there are when the one asked for is not among them', async () => {
  const ran = await runCli(['policy', 'render', '-f', EXAMPLE, '--server', 'nope']);
  assert.equal(ran.status, 66);
  assert.match(ran.stderr, /next: .*mcp-servers\/files/);
});

test('evaluates a request against a document', async () => {
  await using policy = await rendered();
  const ask = (request: string) =>
    runCli(['policy', 'evaluate', '--document', policy.file, '--request', request, '-o', 'json']);
  assert.equal(JSON.parse((await ask(READ)).stdout).allowed, true);
  const refused = await ask(WRITE);
  assert.equal(refused.status, 0);
  assert.equal(JSON.parse(refused.stdout).allowed, false);
});

test('evaluates cases from standard input, a line each', async () => {
  await using policy = await rendered();
  const cases = [READ, WRITE].map((request, id) =>
    JSON.stringify({ id: String(id), policy: policy.document, request: JSON.parse(request) }),
  );
  const ran = await runCli(['policy', 'evaluate', '--cases', '-', '-o', 'jsonl'], { stdin: cases.join('\n') });
  const lines = ran.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ id, allowed }) => [id, allowed]),
    [
      ['0', true],
      ['1', false],
    ],
  );
});

test('explains a decision condition by condition', async () => {
  await using policy = await rendered();
  const ran = await runCli(['policy', 'explain', '--document', policy.file, '--request', WRITE]);
  assert.equal(ran.status, 0);
  assert.match(ran.stdout, /^CONDITION +SAW +RESULT\n/);
  assert.match(ran.stdout, /\ndenied: /);
});

test('a request that cannot be read is a usage error', async () => {
  await using policy = await rendered();
  const ran = await runCli(['policy', 'evaluate', '--document', policy.file, '--request', '{"tool":1}']);
  assert.equal(ran.status, 64);
  assert.match(ran.stderr, /the request is not valid: method: is required/);
  const request = '{"method":"tools/call","human":"alice"}';
  const misspelt = await runCli(['policy', 'explain', '--document', policy.file, '--request', request]);
  assert.equal(misspelt.status, 64);
  assert.match(misspelt.stderr, /human: unknown field/);
});

const GUARDED = fileURLToPath(new URL('../../../../../examples/guarded', import.meta.url));

test('explains which condition a call met, without its arguments', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'cli-policy-'));
  const document = join(folder.path, 'policy.json');
  await writeFile(
    document,
    (await runCli(['policy', 'render', '-f', GUARDED, '--server', 'notes', '-o', 'json'])).stdout,
  );
  const explain = (path: string) => {
    const request = {
      method: 'tools/call',
      tool: 'write_file',
      arguments: { path, content: 'x' },
      human_id: 'alice@example.com',
      agent_id: 'writer',
      session_id: 'writer-notes',
    };
    return runCli(['policy', 'explain', '--document', document, '--request', JSON.stringify(request)]);
  };
  const inside = await explain('drafts/a.txt');
  assert.match(inside.stdout, /\.contains\("\.\."\): holds \(arguments\.path is a string\)/);
  assert.match(inside.stdout, /allowed: allowed/);
  const outside = await explain('/etc/passwd');
  assert.match(outside.stdout, /denied: condition_not_met/);
  assert.doesNotMatch(outside.stdout, /passwd/);
});

test('a grant with a condition that can never hold is not rendered', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'cli-policy-'));
  const file = join(folder.path, 'guarded.yaml');
  const text = await readFile(join(GUARDED, 'guarded.yaml'), 'utf8');
  await writeFile(file, text.replace('arguments.path.startsWith', 'arguments.pth.startsWith'));
  const ran = await runCli(['policy', 'render', '-f', file, '--server', 'notes']);
  assert.equal(ran.status, 65);
  assert.match(
    ran.stderr,
    /grant `mcp-servers\/writer-notes`: spec\.toolRules\[1\]\.condition: .* allowed: path, content/,
  );
});
