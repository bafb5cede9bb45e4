import { type Child } from './child.ts';
import { type Load, Loaded, type Payload, Usage } from './protocol.ts';
import { type Row } from './rows.ts';

export interface Pace {
  readonly rounds: number;
  readonly seconds: number;
}

/** A proxy under measurement: its processes, and where it is called. */
export interface Target {
  readonly name: string;
  /** None where nothing stands between load and server. */
  readonly processes: readonly Child[];
  readonly url: string;
  readonly token: string;
  /** What a proxy for many servers puts before the names of tools. */
  readonly toolPrefix?: string;
}

export interface LoadShape {
  readonly name: string;
  readonly connections: number;
  readonly payload: Payload;
  readonly rate?: number;
  readonly inSession?: true;
}

/** One kind of load on one target. Rejects when an answer is wrong. */
export async function runOnce(load: Child, target: Target, shape: LoadShape, seconds: number): Promise<RowFigures> {
  const before = await usageOf(target);
  const { url, token, toolPrefix = '' } = target;
  const { connections, payload, rate, inSession = false } = shape;
  const given: Load = {
    url,
    token,
    payload,
    connections,
    seconds,
    inSession,
    toolPrefix,
    ...(rate === undefined ? {} : { rate }),
  };
  const loaded = await load.ask({ ask: 'run', with: given }, Loaded);
  const after = await usageOf(target);
  const { wrong, ...figures } = loaded;
  if (wrong > 0) throw new Error(`${target.name} gave ${wrong} wrong answers to ${shape.name}`);
  return {
    ...figures,
    cpuMicrosPerCall: (after.cpuMicros - before.cpuMicros) / loaded.calls,
    rssMiB: after.rssBytes / 2 ** 20,
    lateP99: after.lateP99,
  };
}

export type RowFigures = Omit<Row, 'part' | 'target' | 'load' | 'round'>;

/** Every target under every load, in turns, so that what else the machine does meanwhile falls on all of them. */
export async function measureInTurns(
  part: string,
  given: {
    readonly load: Child;
    readonly targets: readonly Target[];
    readonly shapes: readonly LoadShape[];
    readonly pace: Pace;
    readonly say: (line: string) => void;
  },
): Promise<readonly Row[]> {
  const { load, targets, shapes, pace, say } = given;
  const rows: Row[] = [];
  for (let round = 1; round <= pace.rounds; round++) {
    say(`${part}: round ${round} of ${pace.rounds}`);
    for (const shape of shapes) {
      for (const target of round % 2 === 1 ? targets : targets.toReversed()) {
        const figures = await runOnce(load, target, shape, pace.seconds);
        rows.push({ part, target: target.name, load: shape.name, round, ...figures });
      }
    }
  }
  return rows;
}

async function usageOf({ processes }: Target): Promise<Usage> {
  const sum = { cpuMicros: 0, rssBytes: 0, lateP99: 0, lateMax: 0 };
  for (const child of processes) {
    const used = await child.ask({ ask: 'usage' }, Usage);
    sum.cpuMicros += used.cpuMicros;
    sum.rssBytes += used.rssBytes;
    sum.lateP99 = Math.max(sum.lateP99, used.lateP99);
    sum.lateMax = Math.max(sum.lateMax, used.lateMax);
  }
  return sum;
}
