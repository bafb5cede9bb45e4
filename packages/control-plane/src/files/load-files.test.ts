import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { loadResourceFiles, parseResources } from './load-files.ts';
import { problemText } from './problem.ts';

const SERVER =
  'apiVersion: mcpruntime.org/v1alpha1\nkind: MCPServer\nmetadata: { name: a }\nspec:\n  image: example.com/a\n';

/** Text after `SERVER` or instead of it, and the faults it has. */
const FAULTS: readonly { readonly id: string; readonly text: string; readonly faults: readonly string[] }[] = [
  {
    id: 'mistyped word of an enumeration',
    text: `${SERVER}  tools:\n    - name: x\n      sideEffect: wirte\n`,
    faults: [
      'f.yaml:8:19: MCPServer mcp-servers/a spec.tools[0].sideEffect: found "wirte", allowed: read, write, destructive; did you mean "write"?',
    ],
  },
  {
    id: 'missing field',
    text: `${SERVER}  tools:\n    - name: x\n`,
    faults: [
      'f.yaml:7:7: MCPServer mcp-servers/a spec.tools[0].sideEffect: is required, allowed: read, write, destructive',
    ],
  },
  {
    id: 'mistyped field',
    text: `${SERVER}  replica: 2\n`,
    faults: ['f.yaml:6:3: MCPServer mcp-servers/a spec.replica: unknown field, did you mean `replicas`?'],
  },
  {
    id: 'mistyped field of metadata',
    text: SERVER.replace('name: a', 'name: a, lables: {}'),
    faults: ['f.yaml:3:22: MCPServer mcp-servers/a metadata.lables: unknown field, did you mean `labels`?'],
  },
  {
    id: 'number where text is needed',
    text: `${SERVER}  imageTag: 1.10\n`,
    faults: [
      'f.yaml:6:13: MCPServer mcp-servers/a spec.imageTag: found a number with a fraction, needs text: put it in quotes',
    ],
  },
  {
    id: 'number out of its bounds',
    text: `${SERVER}  port: 99999\n`,
    faults: ['f.yaml:6:9: MCPServer mcp-servers/a spec.port: found 99999, must be at most 65535'],
  },
  {
    id: 'several faults of one object',
    text: `${SERVER}  port: x\n  replicas: -1\n`,
    faults: [
      'f.yaml:6:9: MCPServer mcp-servers/a spec.port: found text, needs a number',
      'f.yaml:7:13: MCPServer mcp-servers/a spec.replicas: found -1, must be at least 0',
    ],
  },
  {
    id: 'number or percentage',
    text: `${SERVER}  rollout: { maxSurge: x% }\n`,
    faults: [
      'f.yaml:6:24: MCPServer mcp-servers/a spec.rollout.maxSurge: found "x%", must be a whole number or a percentage such as `25%`',
    ],
  },
  {
    id: 'rule over several fields',
    text: `${SERVER}  auth: { mode: oauth }\n`,
    faults: ['f.yaml:6:3: MCPServer mcp-servers/a spec.auth.issuerURL: is needed by auth mode `oauth`'],
  },
  {
    id: 'another version of the API',
    text: SERVER.replace('v1alpha1', 'v1'),
    faults: [
      'f.yaml:1:13: MCPServer mcp-servers/a apiVersion: found "mcpruntime.org/v1", allowed: mcpruntime.org/v1alpha1; did you mean "mcpruntime.org/v1alpha1"?',
    ],
  },
  {
    id: 'mistyped kind',
    text: 'kind: MCPSever\n',
    faults: ['f.yaml:1:7: kind: found "MCPSever", did you mean "MCPServer"?'],
  },
  {
    id: 'kind of another API',
    text: 'apiVersion: v1\nkind: ConfigMap\n',
    faults: [
      'f.yaml:2:7: kind: found "ConfigMap" of "v1", allowed: MCPServer, MCPAccessGrant, MCPAgentSession; keep other objects in another folder',
    ],
  },
  {
    id: 'server file among resources',
    text: 'servers: []\n',
    faults: [
      'f.yaml:1:1: `kind` is required, allowed: MCPServer, MCPAccessGrant, MCPAgentSession; this looks like a server file (`.mcp/servers.yaml`)',
    ],
  },
  { id: 'key given twice', text: 'a: 1\na: 2\n', faults: ['f.yaml:2:1: the key `a` is given twice'] },
  {
    id: 'merge key',
    text: 'a: &a { b: 1 }\nc: { <<: *a }\n',
    faults: ['f.yaml:2:6: merge keys (`<<`) are not supported: write the fields out'],
  },
  { id: 'alias without an anchor', text: 'a: *b\n', faults: ['f.yaml:1:4: no anchor `&b` stands before this alias'] },
  {
    id: 'boolean of YAML 1.1',
    text: `${SERVER}  envVars: [{ name: A, value: yes }]\n`,
    faults: ['f.yaml:6:31: found a bare yes, which some YAML readers take as a boolean: write "yes" or true or false'],
  },
  {
    id: 'object of a list',
    text: `apiVersion: v1\nkind: List\nitems:\n  - apiVersion: mcpruntime.org/v1alpha1\n    kind: MCPServer\n    metadata: { name: b }\n    spec: { imagee: x }\n`,
    faults: [
      'f.yaml:7:13: MCPServer mcp-servers/b spec.imagee: unknown field, did you mean `image`?',
      'f.yaml:7:5: MCPServer mcp-servers/b spec.source: exactly one of `image` and `source` is needed',
    ],
  },
  {
    id: 'same object twice',
    text: `${SERVER}---\n${SERVER}`,
    faults: ['f.yaml:7:1: MCPServer mcp-servers/a: declared twice, here and at f.yaml:1'],
  },
  {
    id: 'broken document beside a faulty one',
    text: `${SERVER}  prt: 1\n---\na: [1\n`,
    faults: [
      'f.yaml:6:3: MCPServer mcp-servers/a spec.prt: unknown field, did you mean `port`?',
      'f.yaml:9:1: the YAML is not valid: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
  },
];

for (const { id, text, faults } of FAULTS) {
  test(`tells the fault: ${id}`, () => {
    const { resources, problems } = parseResources('f.yaml', text);
    assert.deepEqual(problems.map(problemText).toSorted(), faults.toSorted());
    assert.deepEqual(resources, []);
  });
}

const HOSTILE: readonly { readonly id: string; readonly text: string; readonly fault: RegExp }[] = [
  { id: 'deep nesting', text: `a: ${'['.repeat(100_000)}`, fault: /not valid/ },
  { id: 'nesting beyond the bound', text: `a: ${'['.repeat(70)}${']'.repeat(70)}`, fault: /nested deeper than 64/ },
  { id: 'too many documents', text: '---\nkind: x\n'.repeat(1001), fault: /at most 1000/ },
  { id: 'too many objects in a list', text: `kind: List\nitems:\n${'  - 1\n'.repeat(1001)}`, fault: /at most 1000/ },
  {
    id: 'aliases that multiply',
    text: `a: &a [${'1,'.repeat(10)}]\nb: &b [${'*a,'.repeat(10)}]\nc: &c [${'*b,'.repeat(10)}]\nd: [${'*c,'.repeat(10)}]\n`,
    fault: /aliases/,
  },
];

for (const { id, text, fault } of HOSTILE) {
  test(`refuses ${id}`, () => {
    const { resources, problems } = parseResources('f.yaml', text);
    assert.match(problems.map(problemText).join('\n'), fault);
    assert.equal(resources.length, 0);
  });
}

test('reads fifty thousand keys in linear time', () => {
  const text = Array.from({ length: 50_000 }, (_, index) => `k${index}: 1`).join('\n');
  assert.equal(parseResources('f.yaml', text).problems.length, 1);
});

test('leaves status out and skips a Namespace with a note', () => {
  const text = `apiVersion: v1\nkind: Namespace\nmetadata: { name: n }\n---\n${SERVER}status: { phase: Ready }\n`;
  const { resources, problems, notes } = parseResources('f.yaml', text);
  assert.deepEqual(problems, []);
  assert.deepEqual(notes.map(problemText), ['f.yaml:1:1: Namespace n skipped: namespaces need no object here']);
  assert.deepEqual(
    resources.map(({ resource, line }) => [Object.hasOwn(resource, 'status'), line]),
    [[false, 5]],
  );
});

test('reads folders in order, without hidden files, kustomizations and repeated paths', async () => {
  await using folder = await folderOf({
    'b.yml': SERVER.replace('name: a', 'name: b'),
    'sub/a.yaml': SERVER,
    'sub/kustomization.yaml': 'resources: [a.yaml]\n',
    '.hidden/c.yaml': 'broken: [',
    'c.json': JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } }),
    'notes.txt': 'x',
  });
  const { resources, problems } = await loadResourceFiles([folder.path, join(folder.path, 'b.yml')]);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    resources.map(({ resource }) => resource.metadata.name),
    ['b', 'a'],
  );
});

test('collects the faults of all files and applies none of them', async () => {
  await using folder = await folderOf({
    'a.yaml': SERVER,
    'b.yaml': SERVER,
    'c.yaml': 'kind: X\n',
    'd.yaml': '#'.repeat(1024 * 1024 + 1),
  });
  await writeFile(join(folder.path, 'e.yaml'), Buffer.from([0xff, 0xfe, 0x00]));
  const { resources, problems } = await loadResourceFiles([folder.path, join(folder.path, 'nope')]);
  const texts = problems.map(problemText).map((text) => text.replaceAll(`${folder.path}/`, ''));
  assert.deepEqual(texts.toSorted(), [
    'b.yaml:1:1: MCPServer mcp-servers/a: declared twice, here and at a.yaml:1',
    'c.yaml:1:7: kind: found "X", allowed: MCPServer, MCPAccessGrant, MCPAgentSession; keep other objects in another folder',
    'd.yaml: the file has more than 1048576 bytes',
    'e.yaml: the file is not UTF-8 text',
    'nope: no such file or folder',
  ]);
  assert.deepEqual(resources, []);
});

for (const name of ['governed-agent', 'path-based', 'observed-sidecar']) {
  test(`existing manifest keeps its meaning: ${name}`, async () => {
    const testdata = join(import.meta.dirname, 'testdata');
    const { resources, problems } = await loadResourceFiles([join(testdata, `${name}.in.yaml`)]);
    assert.deepEqual(problems.map(problemText), []);
    const expected: unknown = JSON.parse(await readFile(join(testdata, `${name}.out.json`), 'utf8'));
    assert.deepEqual(JSON.parse(JSON.stringify(resources.map(({ resource }) => resource))), expected);
  });
}

async function folderOf(files: Readonly<Record<string, string>>): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'mcp-runtime-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}
