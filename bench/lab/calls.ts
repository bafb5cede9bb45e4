import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild, startServed } from './child.ts';
import { Audited, type GatewaySetup, type Payload, Seen } from './protocol.ts';
import { type LoadShape, type Pace, type Target, measureInTurns, runOnce } from './rounds.ts';
import { type Row, median } from './rows.ts';
import { PATH, anIssuer } from './subject.ts';

export const PLAIN = 'plain pass-through';
const DIRECT = 'direct';
const SATURATION_RUNS = 3;
/** Some ten thousand calls: until then Node still compiles, and what has more code pays more for it. */
const WARM_UP_SECONDS = 4;

const json = (requestBytes: number, bytes: number): Payload => ({ requestBytes, answer: { kind: 'json', bytes } });
const events = (atOnce: boolean): Payload => ({ requestBytes: 100, answer: { kind: 'events', count: 100, atOnce } });
const KIB = json(1024, 1024);

/** Each number of connections with one payload, and each payload with one number of connections. */
const SHAPES: readonly LoadShape[] = [
  { name: '1 KiB, 1 connection', connections: 1, payload: KIB },
  { name: '1 KiB, 8 connections', connections: 8, payload: KIB },
  { name: '1 KiB, 32 connections', connections: 32, payload: KIB },
  { name: '1 KiB, 128 connections', connections: 128, payload: KIB },
  { name: '100 B, 32 connections', connections: 32, payload: json(100, 100) },
  { name: '10 KiB result, 32 connections', connections: 32, payload: json(100, 10_240) },
  { name: '1 MiB result, 8 connections', connections: 8, payload: json(100, 1_048_576) },
  { name: '100 events one by one, 8 connections', connections: 8, payload: events(false) },
  { name: '100 events at once, 8 connections', connections: 8, payload: events(true) },
];

interface Given {
  readonly pace: Pace;
  /** Folder of another checkout, whose gateway is measured too. */
  readonly against: string | undefined;
  readonly parts: ReadonlySet<string>;
  /** Only loads whose name has this text. */
  readonly filter: string;
  /** Only gateways whose name has one of these texts. */
  readonly only: readonly string[];
  readonly say: (line: string) => void;
}

/**
 * Direct, through the plain pass-through, and through a gateway that does one thing more each time: first in closed loops,
 * then at half the rate at which the pass-through is full. Rejects when a single answer or record is wrong.
 */
export async function measureCalls({ pace, against, parts, filter, only, say }: Given): Promise<readonly Row[]> {
  await using cleanUp = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'mcp-runtime-bench-'));
  cleanUp.defer(() => rm(dir, { recursive: true, force: true }));
  const { publicKey, tokenFor } = anIssuer();
  const token = tokenFor('alice', 0);
  const upstream = cleanUp.use(await startChild(new URL('../upstream/main.ts', import.meta.url), null));
  const load = cleanUp.use(await startChild(new URL('../load/main.ts', import.meta.url), null));
  const plain = cleanUp.use(await startChild(new URL('../plain/main.ts', import.meta.url), { upstream: upstream.url }));
  const targets: Target[] = [
    { name: DIRECT, processes: [], url: `${upstream.url}/mcp`, token },
    { name: PLAIN, processes: [plain], url: `${plain.url}/mcp`, token },
  ];
  const chosen = gateways(against).filter(({ name }) => only.some((text) => name.includes(text)));
  for (const { name, program, policy, audit } of chosen) {
    const setup: GatewaySetup = { upstream: upstream.url, policy, audit, spool: join(dir, name), publicKey };
    const child = cleanUp.use(await startServed(program, setup));
    targets.push({ name, processes: [child], url: child.url + PATH, token: policy === 'open' ? '' : token });
  }
  const asked = new Map<string, number>();
  const count = (target: Target, calls: number): void =>
    void asked.set(target.name, (asked.get(target.name) ?? 0) + calls);
  const warmUp: LoadShape = { name: 'warming up', connections: 32, payload: KIB };
  for (const target of targets) count(target, (await runOnce(load, target, warmUp, WARM_UP_SECONDS)).calls);

  const rows: Row[] = [];
  const given = { load, targets, pace, say };
  if (parts.has('calls')) {
    const shapes = SHAPES.filter(({ name }) => name.includes(filter));
    rows.push(...(await measureInTurns('calls', { ...given, shapes })));
  }
  if (parts.has('rate')) {
    const full = await saturation(load, targets, count);
    const rate = Math.floor(full / 2);
    const shape: LoadShape = { name: `1 KiB, ${rate} calls a second`, connections: 64, payload: KIB, rate };
    rows.push(...(await measureInTurns('rate', { ...given, shapes: [shape] })));
  }
  for (const { target: name, calls } of rows) asked.set(name, (asked.get(name) ?? 0) + calls);
  await checkCounts(upstream, targets, asked);
  say(`${asked.values().reduce((sum, calls) => sum + calls, 0)} calls, every answer and record checked`);
  return rows;
}

/** Calls a second that the pass-through can take. */
async function saturation(
  load: Child,
  targets: readonly Target[],
  count: (target: Target, calls: number) => void,
): Promise<number> {
  const plain = targets.find(({ name }) => name === PLAIN);
  if (plain === undefined) throw new TypeError('there is no pass-through');
  const rates: number[] = [];
  for (let run = 0; run < SATURATION_RUNS; run++) {
    const { calls, seconds } = await runOnce(load, plain, { name: 'full', connections: 32, payload: KIB }, 1);
    count(plain, calls);
    rates.push(calls / seconds);
  }
  return median(rates);
}

async function checkCounts(
  upstream: Child,
  targets: readonly Target[],
  asked: ReadonlyMap<string, number>,
): Promise<void> {
  const { calls } = await upstream.ask({ ask: 'seen' }, Seen);
  const all = asked.values().reduce((sum, one) => sum + one, 0);
  if (calls !== all) throw new Error(`the server saw ${calls} calls, ${all} were answered`);
  for (const { name, processes } of targets) {
    const [gateway] = processes;
    if (gateway === undefined || name === PLAIN) continue;
    const { records, holds } = await gateway.ask({ ask: 'records' }, Audited);
    if (records !== asked.get(name) || !holds)
      throw new Error(`${name} has ${records} records of ${asked.get(name)} calls`);
  }
}

type GatewayKind = Pick<GatewaySetup, 'policy' | 'audit'> & { readonly name: string; readonly program: URL };

/** Each does what the one before does, and one thing more. */
function gateways(against: string | undefined): readonly GatewayKind[] {
  const program = new URL('../gateway/main.ts', import.meta.url);
  const there = against === undefined ? undefined : new URL(`file://${join(against, 'bench/gateway/main.ts')}`);
  return [
    { name: 'gateway, anybody', program, policy: 'open', audit: 'off' },
    { name: '+ session token', program, policy: 'small', audit: 'off' },
    { name: '+ large policy', program, policy: 'large', audit: 'off' },
    { name: '+ audit spool', program, policy: 'large', audit: 'spool' },
    { name: '+ event store', program, policy: 'large', audit: 'store' },
    ...(there === undefined
      ? []
      : [{ name: 'other checkout, audit spool', program: there, policy: 'large', audit: 'spool' } as const]),
  ];
}
