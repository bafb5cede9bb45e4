import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from './child.ts';
import { type Pace, median } from './calls.ts';
import { Audited, type GatewaySetup, Loaded, Seen, Usage } from './protocol.ts';
import { DENIAL, DENIED_TOOL, PATH, aToken } from './subject.ts';

/** Calls that policy refuses: medians of the rounds, milliseconds. */
export interface DeniedResult {
  readonly callsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuMicrosPerCall: number;
}

/** Rejects when the server behind heard of any of them, even by a connection. */
export async function measureDenied({ rounds, seconds }: Pace): Promise<DeniedResult> {
  await using cleanUp = new AsyncDisposableStack();
  const spool = await mkdtemp(join(tmpdir(), 'mcp-runtime-bench-'));
  cleanUp.defer(() => rm(spool, { recursive: true, force: true }));
  const { publicKey, token } = aToken();
  const upstream = cleanUp.use(await startChild(new URL('../upstream/main.ts', import.meta.url), null));
  const load = cleanUp.use(await startChild(new URL('../load/main.ts', import.meta.url), null));
  const setup: GatewaySetup = { upstream: upstream.url, audit: 'spool', spool, publicKey };
  const gateway = cleanUp.use(await startChild(new URL('../gateway/main.ts', import.meta.url), setup));
  const given = { url: gateway.url + PATH, token, tool: DENIED_TOOL, connections: 32, seconds };
  const expect = { kind: 'denial', reason: DENIAL };
  const measured: (Loaded & { readonly cpuMicrosPerCall: number })[] = [];
  for (let round = 0; round <= rounds; round++) {
    const before = await gateway.ask({ ask: 'usage' }, Usage);
    const loaded = await load.ask({ ask: 'run', with: { ...given, expect } }, Loaded);
    const after = await gateway.ask({ ask: 'usage' }, Usage);
    if (loaded.wrong > 0) throw new Error(`${loaded.wrong} refusals were not what they should be`);
    measured.push({ ...loaded, cpuMicrosPerCall: (after.cpuMicros - before.cpuMicros) / loaded.calls });
  }
  const { connections } = await upstream.ask({ ask: 'seen' }, Seen);
  if (connections > 0) throw new Error(`refused calls opened ${connections} connections to the server`);
  const { records } = await gateway.ask({ ask: 'records' }, Audited);
  const calls = measured.reduce((sum, one) => sum + one.calls, 0);
  if (records !== calls) throw new Error(`there are ${records} records of ${calls} refusals`);
  const warm = measured.slice(1);
  return {
    callsPerSecond: median(warm.map((one) => one.calls / one.seconds)),
    p50: median(warm.map(({ p50 }) => p50)),
    p99: median(warm.map(({ p99 }) => p99)),
    cpuMicrosPerCall: median(warm.map(({ cpuMicrosPerCall }) => cpuMicrosPerCall)),
  };
}
