import { startOneGateway } from './one-gateway.ts';
import { Audited, Seen } from './protocol.ts';
import { type LoadShape, type Pace, type RowFigures, runOnce } from './rounds.ts';
import { median } from './rows.ts';
import { DENIAL } from './subject.ts';

const SHAPE: LoadShape = {
  name: 'denied, 32 connections',
  connections: 32,
  payload: { requestBytes: 100, answer: { kind: 'denial', reason: DENIAL } },
};

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
  const { upstream, load, gateway, target } = await startOneGateway(cleanUp, 'gateway');
  const measured: RowFigures[] = [];
  for (let round = 0; round <= rounds; round++) measured.push(await runOnce(load, target, SHAPE, seconds));
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
