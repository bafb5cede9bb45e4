import assert from 'node:assert/strict';
import { mkdir, mkdtempDisposable, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type PolicyDocument } from '@mcp-runtime/api';
import { silentLogger } from '@mcp-runtime/base';
import { stamp } from '@mcp-runtime/policy';
import { watchPolicyFile } from './file.ts';
import { type PolicyHolder, holdPolicy } from './holder.ts';
import { testDocument } from '../testing/bench.ts';
import { until } from '../testing/until.ts';

const documentOf = (change: Partial<PolicyDocument> = {}): PolicyDocument => stamp(testDocument(change));
const GOOD = documentOf();
const OTHER = documentOf({ grants: [] });
const textOf = (document: object): string => JSON.stringify(document);

/** Replaces a file at once, as the kubelet and careful programs do. */
async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

const revisionOf = (holder: PolicyHolder): string | undefined => holder.current()?.revision;

const UNUSABLE: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  ['that is cut off', textOf(OTHER).slice(0, -20), /is not JSON/],
  ['that is empty', '', /is not JSON/],
  ['with another revision than its content', textOf({ ...OTHER, revision: GOOD.revision }), /revision: found `sha256:/],
  ['without a revision', textOf({ ...OTHER, revision: '' }), /revision: is missing/],
  ['of an unknown schema', textOf({ ...OTHER, schema_version: 'v9' }), /schema_version: found `v9`, allowed: v1/],
  [
    'with a word that is not one',
    textOf(documentOf({ policy: { mode: 'allow' } })),
    /policy\.mode: found `allow`, allowed: allow-list, observe/,
  ],
  [
    'with a condition that can never hold',
    textOf(
      documentOf({
        tools: [{ name: 'read', arguments: [{ path: '', type: 'object' }] }],
        grants: [{ name: 'g', tool_rules: [{ name: 'read', condition: 'arguments.path == "a"' }] }],
      }),
    ),
    /`arguments\.path` is not in the input schema of the tool, it takes none/,
  ],
  ['with a limit that is none', textOf({ ...OTHER, limits: { calls: 0 } }), /limits\.calls/],
];

for (const [what, text, says] of UNUSABLE) {
  test(`a policy file ${what} leaves the policy before it in force, and a good one counts again`, async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'policy-'));
    const path = join(folder.path, 'policy.json');
    await writeFile(path, textOf(GOOD));
    const holder = holdPolicy();
    await using file = await watchPolicyFile({ path, holder, log: silentLogger });
    await replaceFile(path, text);
    await until(() => file.status().lastError !== undefined);
    assert.match(file.status().lastError ?? '', says);
    assert.equal(revisionOf(holder), GOOD.revision);
    await replaceFile(path, textOf(OTHER));
    await until(() => file.status().lastError === undefined);
    assert.equal(revisionOf(holder), OTHER.revision);
  });

  test(`a gateway does not start with a policy file ${what}`, async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'policy-'));
    const path = join(folder.path, 'policy.json');
    await writeFile(path, text);
    const holder = holdPolicy();
    await assert.rejects(watchPolicyFile({ path, holder, log: silentLogger }), says);
    assert.equal(holder.current(), undefined);
  });
}

test('a policy file that is taken away leaves the policy in force', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'policy-'));
  const path = join(folder.path, 'policy.json');
  await writeFile(path, textOf(GOOD));
  const holder = holdPolicy();
  await using file = await watchPolicyFile({ path, holder, log: silentLogger });
  await rm(path);
  await until(() => file.status().lastError !== undefined);
  assert.equal(revisionOf(holder), GOOD.revision);
});

test('a mounted ConfigMap swaps a link to a folder: the new document counts, a bad one does not', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'policy-'));
  const mount = folder.path;
  /** As the kubelet does: a folder for each version, `..data` links to it, the file is a link through `..data`. */
  const mountVersion = async (version: string, text: string): Promise<void> => {
    await mkdir(join(mount, version));
    await writeFile(join(mount, version, 'policy.json'), text);
    await symlink(version, join(mount, '..data_tmp'));
    await rename(join(mount, '..data_tmp'), join(mount, '..data'));
  };
  await mountVersion('..1', textOf(GOOD));
  const path = join(mount, 'policy.json');
  await symlink(join('..data', 'policy.json'), path);
  const holder = holdPolicy();
  await using file = await watchPolicyFile({ path, holder, log: silentLogger });
  assert.equal(revisionOf(holder), GOOD.revision);
  await mountVersion('..2', textOf(OTHER));
  await until(() => revisionOf(holder) === OTHER.revision);
  await rm(join(mount, '..1'), { recursive: true });
  await mountVersion('..3', textOf(GOOD).slice(0, 100));
  await until(() => file.status().lastError !== undefined);
  assert.equal(revisionOf(holder), OTHER.revision);
});
