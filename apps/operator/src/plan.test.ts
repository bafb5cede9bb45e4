import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { MCPServer, sourceText } from '@mcp-runtime/api';
import { planRoute, planServer, shouldRun } from './plan.ts';

const folder = fileURLToPath(new URL('./testdata/plan/', import.meta.url));

for (const file of globSync(`${folder}*.in.yaml`).toSorted()) {
  test(`plans ${basename(file, '.in.yaml')} as the golden file says`, () => {
    const server = MCPServer.parse(parse(readFileSync(file, 'utf8')));
    const plan = planServer(server, { TOKEN: 'from-a-secret' });
    const running = { phase: 'running', upstreamUrl: 'http://127.0.0.1:9/mcp', pids: [1], restarts: 0 } as const;
    const planned = {
      runs: shouldRun(server),
      source: sourceText(plan.workload.source),
      plan,
      routeWhileStarting: planRoute(server, plan, { phase: 'preparing', message: 'starting' }),
      routeWhileRunning: planRoute(server, plan, running),
    };
    const golden = file.replace('.in.yaml', '.out.json');
    const text = `${JSON.stringify(planned, undefined, 2)}\n`;
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text);
    assert.equal(text, readFileSync(golden, 'utf8'));
  });
}
