/** Requests that reach no server are in the audit log too. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { VerifyResult } from '@mcp-runtime/api';
import { cliText } from '../support/cli.ts';
import { readRuntimeFile } from '../support/platform-api.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startUp } from '../support/up.ts';

test('`audit list` shows what the gateway and the platform API refused before anybody was identified', async () => {
  await using folder = await tempDir();
  const dataDir = join(folder.path, 'data');
  await using up = await startUp({ dataDir, files: [] });
  const runtime = await readRuntimeFile(dataDir);
  assert.ok(runtime !== undefined);
  assert.equal((await fetch(new URL('/no/such/server', runtime.gatewayUrl))).status, 404);
  assert.equal((await fetch(new URL('/api/v1/runtime/servers', runtime.apiUrl))).status, 401);
  const list = await cliText(['audit', 'list'], { dataDir });
  assert.match(list, /deny +- +GET \/no\/such\/server +127\.0\.0\.1 +not_found +refused/);
  assert.match(list, /deny +- +GET \/api\/v1\/runtime\/servers +127\.0\.0\.1 +unauthorized +refused/);
  assert.equal((await up.call(VerifyResult, 'GET', '/events/verify')).ok, true);
});
