/** A disk that is full: told with what to do, calls go on where audit is not strict, and nothing of the log is damaged. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ERRORS, ServerList, VerifyResult } from '@mcp-runtime/api';
import { bearer, openAgent } from '../support/agent.ts';
import { cliText } from '../support/cli.ts';
import { ROOT } from '../support/program.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { untilTrue } from '../support/until.ts';
import { startUpProgram, startUpReady } from '../support/up.ts';

const LAB = join(ROOT, 'test/e2e/testdata/lab.yaml');
const MIB = 1024 * 1024;
const NEEDS_MOUNT = 'needs permission to mount a small disk';

for (const leaveBytes of [0, 100_000, 200_000]) {
  test(`a start with ${leaveBytes} bytes left on the disk ends with what to do`, async (t) => {
    await using disk = mountSmallDisk(MIB);
    if (disk === undefined) return t.skip(NEEDS_MOUNT);
    await disk.fill(leaveBytes);
    await using program = await startUpProgram({ dataDir: join(disk.path, 'data'), files: [LAB] });
    const { status } = await program.exited;
    assert.equal(status, ERRORS.disk_full.exit, program.stderr());
    assert.match(program.stderr(), /\(disk_full\)/);
    assert.match(program.stderr(), /next: .*space/);
  });
}

test('a disk that fills up stops no call, and the log goes on whole when there is space again', async (t) => {
  await using disk = mountSmallDisk(8 * MIB);
  if (disk === undefined) return t.skip(NEEDS_MOUNT);
  const dataDir = join(disk.path, 'data');
  await using up = await startUpReady({ dataDir, files: [LAB] });
  const token = (await cliText(['access', 'session', 'token', 'tester-lab'], { dataDir })).trim();
  const { servers } = await up.call(ServerList, 'GET', '/runtime/servers');
  const agent = await openAgent(servers[0]?.endpoint ?? '', bearer(token));
  const callEcho = () => agent.call('echo', { message: 'x' });
  assert.equal((await callEcho()).verdict, 'allowed');
  await disk.fill(0);
  for (let call = 0; call < 200; call++) assert.equal((await callEcho()).verdict, 'allowed');
  await disk.makeSpace();
  const recorded = await callEcho();
  assert.equal(recorded.verdict, 'allowed');
  await untilTrue('calls are recorded again', async () => {
    const { requestId } = await callEcho();
    const events = await up.events().catch(() => []);
    return events.some(({ payload }) => payload.request_id === requestId);
  });
  assert.equal((await up.call(VerifyResult, 'GET', '/events/verify')).ok, true);
});
