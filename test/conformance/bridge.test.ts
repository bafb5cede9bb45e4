import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startModernServer } from '../eras/support/modern-server.ts';
import { govern } from './governed.ts';
import { findSuite, runSuite } from './suite.ts';

const suite = findSuite();
const skip = suite === undefined ? '`@modelcontextprotocol/conformance` is not installed' : false;

test('a server of MCP 2026-07-28 alone passes what 2025-11-25 asks for, over the bridge', { skip }, async (t) => {
  assert.ok(suite !== undefined);
  await using server = await startModernServer();
  await using governed = await govern(server.url, { tools: server.tools, replicas: 1 });
  const results = await runSuite(suite, '2025-11-25', governed.url);
  const counts = Map.groupBy(results, ({ status }) => status);
  t.diagnostic([...counts].map(([status, { length }]) => `${length} ${status}`).join(', '));
  assert.deepEqual(counts.get('FAILURE') ?? [], []);
  assert.ok((counts.get('SUCCESS')?.length ?? 0) >= 70, 'the suite has checked too little');
});
