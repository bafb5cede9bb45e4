import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild } from './child.ts';
import { Audited, type GatewaySetup, Loaded, Seen, Usage } from './protocol.ts';
import { PATH, RESULT_BYTES, aToken, toolFor } from './subject.ts';

export interface Pace {
  readonly rounds: number;
  readonly seconds: number;
}

/** One proxy under one load, the median of its rounds. Times are milliseconds. */
export interface CallsResult {
  readonly target: string;
  readonly connections: number;
  readonly resultBytes: number;
  readonly callsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuMicrosPerCall: number;
  /** Processor time over that of the pass-through under the same load, the median over the rounds. */
  readonly ratio: number;
  readonly rssMiB: number;
}

interface Target {
  readonly name: string;
  readonly child: Child;
  readonly url: string;
}

interface Round extends Loaded {
  readonly cpuMicrosPerCall: number;
  readonly rssMiB: number;
}

const PLAIN = 'plain pass-through';
const LOADS = [32, 1].flatMap((connections) => RESULT_BYTES.map((resultBytes) => ({ connections, resultBytes })));
const WARM_UP_SECONDS = 1;

/**
 * Every proxy under every load, in turns, so that what else the machine does meanwhile falls on all of them. `against`
 * is the folder of another checkout, whose gateway is measured too. Rejects when a single answer or record is wrong.
 */
export async function measureCalls(
  pace: Pace,
  against: string | undefined,
  say: (line: string) => void,
): Promise<readonly CallsResult[]> {
  await using cleanUp = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'mcp-runtime-bench-'));
  cleanUp.defer(() => rm(dir, { recursive: true, force: true }));
  const { publicKey, token } = aToken();
  const upstream = cleanUp.use(await startChild(new URL('../upstream/main.ts', import.meta.url), null));
  const load = cleanUp.use(await startChild(new URL('../load/main.ts', import.meta.url), null));
  const targets: Target[] = [];
  const plain = cleanUp.use(await startChild(new URL('../plain/main.ts', import.meta.url), { upstream: upstream.url }));
  targets.push({ name: PLAIN, child: plain, url: `${plain.url}/mcp` });
  for (const { name, program, audit } of gateways(against)) {
    const setup: GatewaySetup = { upstream: upstream.url, audit, spool: join(dir, name), publicKey };
    const child = cleanUp.use(await startChild(program, setup));
    targets.push({ name, child, url: child.url + PATH });
  }

  const asked = new Map<Target, number>();
  const rounds = new Map<string, Round[]>();
  const run = async (target: Target, { connections, resultBytes }: (typeof LOADS)[number], seconds: number) => {
    const before = await target.child.ask({ ask: 'usage' }, Usage);
    const given = { url: target.url, token, tool: toolFor(resultBytes), connections, seconds };
    const expect = { kind: 'result', bytes: resultBytes };
    const loaded = await load.ask({ ask: 'run', with: { ...given, expect } }, Loaded);
    const after = await target.child.ask({ ask: 'usage' }, Usage);
    if (loaded.wrong > 0) throw new Error(`${target.name} gave ${loaded.wrong} wrong answers`);
    asked.set(target, (asked.get(target) ?? 0) + loaded.calls);
    const cpuMicrosPerCall = (after.cpuMicros - before.cpuMicros) / loaded.calls;
    return { ...loaded, cpuMicrosPerCall, rssMiB: after.rssBytes / 2 ** 20 };
  };

  for (const target of targets) await run(target, { connections: 32, resultBytes: 100 }, WARM_UP_SECONDS);
  for (let round = 1; round <= pace.rounds; round++) {
    say(`round ${round} of ${pace.rounds}`);
    for (const each of LOADS) {
      for (const target of round % 2 === 1 ? targets : targets.toReversed()) {
        const key = keyOf(target.name, each);
        rounds.set(key, [...(rounds.get(key) ?? []), await run(target, each, pace.seconds)]);
      }
    }
  }
  const { calls } = await upstream.ask({ ask: 'seen' }, Seen);
  const all = asked.values().reduce((sum, count) => sum + count, 0);
  if (calls !== all) throw new Error(`the server saw ${calls} calls, ${all} were answered`);
  for (const target of targets) if (target.name !== PLAIN) await checkAudit(target, asked.get(target) ?? 0);
  say(`${all} calls, every answer and record checked`);
  return LOADS.flatMap((each) => targets.map(({ name }) => resultOf(name, each, rounds)));
}

function gateways(against: string | undefined): readonly {
  readonly name: string;
  readonly program: URL;
  readonly audit: GatewaySetup['audit'];
}[] {
  const here = new URL('../gateway/main.ts', import.meta.url);
  const there = against === undefined ? undefined : new URL(`file://${join(against, 'bench/gateway/main.ts')}`);
  return [
    { name: 'gateway, no audit', program: here, audit: 'off' },
    { name: 'gateway, audit', program: here, audit: 'spool' },
    { name: 'gateway, audit and store', program: here, audit: 'store' },
    ...(there === undefined ? [] : [{ name: 'other checkout, audit', program: there, audit: 'spool' } as const]),
  ];
}

async function checkAudit({ name, child }: Target, calls: number): Promise<void> {
  const { records, holds } = await child.ask({ ask: 'records' }, Audited);
  if (records !== calls || !holds) throw new Error(`${name} has ${records} records of ${calls} calls`);
}

function keyOf(name: string, { connections, resultBytes }: (typeof LOADS)[number]): string {
  return `${name}/${connections}/${resultBytes}`;
}

function resultOf(
  target: string,
  load: (typeof LOADS)[number],
  rounds: ReadonlyMap<string, readonly Round[]>,
): CallsResult {
  const own = rounds.get(keyOf(target, load)) ?? [];
  const plain = rounds.get(keyOf(PLAIN, load)) ?? [];
  const of = (value: (round: Round) => number): number => median(own.map(value));
  return {
    target,
    ...load,
    callsPerSecond: of(({ calls, seconds }) => calls / seconds),
    p50: of(({ p50 }) => p50),
    p99: of(({ p99 }) => p99),
    cpuMicrosPerCall: of(({ cpuMicrosPerCall }) => cpuMicrosPerCall),
    ratio: median(own.map((round, index) => round.cpuMicrosPerCall / (plain[index]?.cpuMicrosPerCall ?? Number.NaN))),
    rssMiB: of(({ rssMiB }) => rssMiB),
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
