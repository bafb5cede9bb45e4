import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSessionKeys } from './session-keys.ts';

test('session keys are made once, closed to others, and a bad line is named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'keys-'));
  const path = join(folder, 'session.keys');
  const [made] = await openSessionKeys(path);
  assert.deepEqual(await openSessionKeys(path), [made]);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  await writeFile(path, `${made?.toString('base64url')}\nshort\n`);
  await assert.rejects(openSessionKeys(path), /session\.keys:2: must be 32 bytes/);
  await rm(folder, { recursive: true });
});
