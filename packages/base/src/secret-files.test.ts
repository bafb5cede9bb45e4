import assert from 'node:assert/strict';
import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSecretFile } from './secret-files.ts';

test('a secret is the text of a file, without the line feed that an editor leaves', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'secrets-'));
  await mkdir(join(folder.path, 'issuer'));
  await writeFile(join(folder.path, 'issuer', 'key'), 's3cret\n');
  const secret = await readSecretFile(folder.path, ['issuer', 'key']);
  assert.equal(secret?.reveal(), 's3cret');
  assert.equal(String(secret), '[redacted]');
});

test('no name leads out of the folder', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'secrets-'));
  await mkdir(join(folder.path, 'in'));
  await writeFile(join(folder.path, 'key'), 'x');
  for (const parts of [['..', 'key'], ['../key'], ['.', 'key'], ['a/b'], [''], ['key\0'], ['none']])
    assert.equal(await readSecretFile(join(folder.path, 'in'), parts), undefined, parts.join('|'));
});
