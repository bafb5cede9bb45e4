import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { startChild, startServed } from './child.ts';
import { type GatewaySetup, Usage } from './protocol.ts';
import { type LoadShape, type Target, runOnce } from './rounds.ts';
import { PATH, anIssuer } from './subject.ts';

const SESSIONS_EACH = 10;
const CHANGES = 1000;

/** Many open streams, each of another session. Times are milliseconds until the last stream has heard. */
export interface StreamsResult {
  readonly streams: number;
  /** Why there are not more; empty when all are there. */
  readonly limitedBy: string;
  readonly idleMiB: number;
  readonly openMiB: number;
  readonly openingMs: number;
  /** One notice of the server on each stream. */
  readonly serverNoticeMs: number;
  /** One policy that shows other tools to everybody. */
  readonly policyChangeMs: number;
  /** A thousand of them in a row. */
  readonly thousandChangesMs: number;
  readonly noticesOfThousand: number;
  /** Processor time of a call while the streams are open, in microseconds. */
  readonly callCpuMicros: number;
  readonly afterMiB: number;
}

/** Linux only, where limits can be read: elsewhere undefined. */
export async function measureStreams(wanted: number, say: (line: string) => void): Promise<StreamsResult | undefined> {
  if (process.platform !== 'linux') return undefined;
  const { streams, limitedBy } = affordable(wanted);
  await using cleanUp = new AsyncDisposableStack();
  const spool = await mkdtemp(join(tmpdir(), 'mcp-runtime-bench-'));
  cleanUp.defer(() => rm(spool, { recursive: true, force: true }));
  const { publicKey, tokenFor } = anIssuer();
  const upstream = cleanUp.use(await startChild(new URL('../upstream/main.ts', import.meta.url), null));
  const listeners = cleanUp.use(await startChild(new URL('../listeners/main.ts', import.meta.url), null));
  const load = cleanUp.use(await startChild(new URL('../load/main.ts', import.meta.url), null));
  const setup: GatewaySetup = { upstream: upstream.url, policy: 'large', audit: 'spool', spool, publicKey };
  const gateway = cleanUp.use(await startServed(new URL('../gateway/main.ts', import.meta.url), setup));
  const mebibytes = async (): Promise<number> => (await gateway.ask({ ask: 'usage' }, Usage)).rssBytes / 2 ** 20;

  const idleMiB = await mebibytes();
  const url = gateway.url + PATH;
  const tokens = Array.from({ length: streams }, (_, index) =>
    tokenFor(String(Math.floor(index / SESSIONS_EACH)), index % SESSIONS_EACH),
  );
  say(`streams: opening ${streams}`);
  const { ms: openingMs } = await listeners.ask({ ask: 'open', with: { url, tokens } }, z.object({ ms: z.number() }));
  const openMiB = await mebibytes();

  const told = async (tell: () => Promise<unknown>): Promise<{ readonly ms: number; readonly notices: number }> => {
    const began = performance.now();
    const [{ missing, notices }] = await Promise.all([listeners.ask({ ask: 'heard' }, Heard), tell()]);
    if (missing > 0) throw new Error(`${missing} streams were told nothing`);
    return { ms: performance.now() - began, notices };
  };
  say('streams: telling');
  const server = await told(() => upstream.ask({ ask: 'notify' }, z.object({})));
  const policy = await told(() => gateway.ask({ ask: 'change', with: { times: 1 } }, z.object({})));
  const thousand = await told(() => gateway.ask({ ask: 'change', with: { times: CHANGES } }, z.object({})));

  const target: Target = { name: 'gateway', processes: [gateway], url, token: tokenFor('alice', 0) };
  const { cpuMicrosPerCall } = await runOnce(load, target, CALLS, 2);
  return {
    streams,
    limitedBy,
    idleMiB,
    openMiB,
    openingMs,
    serverNoticeMs: server.ms,
    policyChangeMs: policy.ms,
    thousandChangesMs: thousand.ms,
    noticesOfThousand: thousand.notices,
    callCpuMicros: cpuMicrosPerCall,
    afterMiB: await mebibytes(),
  };
}

const Heard = z.object({ missing: z.number(), notices: z.number() });
const CALLS: LoadShape = {
  name: '1 KiB, 8 connections',
  connections: 8,
  payload: { requestBytes: 1024, answer: { kind: 'json', bytes: 1024 } },
};

/** The gateway holds two descriptors for a stream: one to its caller, one to the server. */
function affordable(wanted: number): { readonly streams: number; readonly limitedBy: string } {
  const limit = Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 0);
  const possible = Math.floor((limit - 300) / 200) * 100;
  if (possible >= wanted) return { streams: wanted, limitedBy: '' };
  return { streams: possible, limitedBy: `${limit} open files for a process, two for each stream` };
}
