/** The audit spool of a gateway that runs alone, on a disk that gives up. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { AuditEvent, ERRORS, EVENT_TYPES, HEADERS } from '@mcp-runtime/api';
import { readSpool, verifyChain } from '@mcp-runtime/events';
import { openAgent } from '../support/agent.ts';
import { startProgram } from '../support/program.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { type Listening, startBridge, startGateway, writePolicy } from '../support/standalone.ts';
import { tempDir } from '../support/temp-dir.ts';
import { untilTrue } from '../support/until.ts';

const MIB = 1024 * 1024;
const NEEDS_MOUNT = 'needs permission to mount a small disk';

async function metric({ url }: Listening, name: string): Promise<number> {
  const text = await (await fetch(new URL('/metrics', url))).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

for (const strictAudit of [false, true]) {
  test(`a full disk ${strictAudit ? 'refuses calls where records are asked for' : 'stops no call'}, and what is missing is told`, async (t) => {
    await using disk = mountSmallDisk(MIB);
    if (disk === undefined) return t.skip(NEEDS_MOUNT);
    await using folder = await tempDir();
    const at = (name: string): string => join(folder.path, name);
    await writePolicy(at('policy.json'), { auth: 'header', tools: ['read_graph'] }, folder.path);
    await writeFile(at('gateway.yaml'), JSON.stringify({ strictAudit }));
    await using bridge = await startBridge(folder.path);
    const dir = join(disk.path, 'audit');
    const flags = ['--policy', at('policy.json'), '--upstream', bridge.url, '--audit-dir', dir];
    const more = ['--config', at('gateway.yaml'), '--trust-headers-from', '127.0.0.0/8'];
    await using gateway = await startGateway([...flags, ...more], folder.path);
    const ready = async (): Promise<number> => (await fetch(new URL('/ready', gateway.url))).status;
    const agent = await openAgent(gateway.url, { [HEADERS.agentId]: 'editor' });
    assert.equal((await agent.call('read_graph')).verdict, 'allowed');

    await disk.fill(0);
    const wanted = strictAudit ? 'audit_unavailable' : 'allowed';
    await untilTrue('the spool cannot be written', async () => {
      await agent.call('read_graph').catch(() => {});
      return (await metric(gateway, 'mcp_gateway_audit_writable')) === 0;
    });
    for (let call = 0; call < 20; call++) assert.equal((await agent.call('read_graph')).verdict, wanted);
    assert.ok((await metric(gateway, 'mcp_gateway_audit_lost_records_total')) >= 20);
    assert.equal(await ready(), strictAudit ? 503 : 200);

    await disk.makeSpace();
    await untilTrue('it can be written, without a call', async () => {
      return (await metric(gateway, 'mcp_gateway_audit_writable')) === 1;
    });
    assert.equal(await ready(), 200);
    assert.equal((await agent.call('read_graph')).verdict, 'allowed');
    const lost = await metric(gateway, 'mcp_gateway_audit_lost_records_total');
    gateway.program.kill('SIGTERM');
    assert.equal((await gateway.program.exited).status, 0, gateway.program.stderr());
    const records = await Array.fromAsync(readSpool(dir));
    assert.equal((await verifyChain(records)).ok, true);
    const gaps = records
      .map(({ event }) => AuditEvent.parse(JSON.parse(event)))
      .filter(({ event_type: type }) => type === EVENT_TYPES.gap);
    assert.equal(
      gaps.reduce((sum, { payload }) => sum + (payload.count ?? 0), 0),
      lost,
    );
    assert.match(gateway.program.stderr(), /"msg":"audit spool unwritable"/);
    assert.match(gateway.program.stderr(), /"msg":"audit records are missing"/);
  });
}

test('a start on a read-only disk ends with what to do', async (t) => {
  await using disk = mountSmallDisk(MIB);
  if (disk === undefined) return t.skip(NEEDS_MOUNT);
  await using folder = await tempDir();
  const policy = join(folder.path, 'policy.json');
  await writePolicy(policy, { auth: 'header', tools: ['read_graph'] }, folder.path);
  assert.equal(spawnSync('mount', ['-o', 'remount,ro', disk.path]).status, 0);
  const flags = ['--policy', policy, '--upstream', 'http://127.0.0.1:1/mcp', '--listen', '127.0.0.1:0'];
  const words = ['serve', 'gateway', ...flags, '--trust-headers-from', '127.0.0.0/8'];
  await using program = await startProgram([...words, '--audit-dir', join(disk.path, 'audit')]);
  const { status } = await program.exited;
  assert.equal(status, ERRORS.audit_unavailable.exit, program.stderr());
  assert.match(program.stderr(), /the audit spool `[^`]*` cannot be opened/);
});
