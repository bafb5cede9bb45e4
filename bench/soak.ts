// A mixed load for as long as you like: does the gateway's memory stay flat, and do its descriptors come back?
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { flagsOf, refuse } from '../scripts/flags.ts';
import { freePort, startChild, startServed } from './lab/child.ts';
import { startMixedLoad } from './lab/mixed.ts';
import { type GatewaySetup, Usage } from './lab/protocol.ts';
import { thisMachine } from './lab/report.ts';
import { PATH, anIssuer } from './lab/subject.ts';
import { type Sample, hourlySlope, judge } from './lab/trend.ts';

const USAGE = `usage: npm run test:soak [-- --minutes N] [--rate N] [--output FILE]

  --minutes N     how long; 2 unless given
  --rate N        calls per second; 40 unless given
  --output FILE   where the samples are written`;
const values = flagsOf(USAGE, {
  minutes: { type: 'string', default: '2' },
  rate: { type: 'string', default: '40' },
  output: { type: 'string' },
});
const minutes = Number(values.minutes);
const rate = Number(values.rate);
if (!(minutes > 0 && rate > 0)) refuse(USAGE, '--minutes and --rate take positive numbers');

const SAMPLES = 120;
const POLICY_EVERY_MS = 2000;
const RESTART_EVERY_MS = 20_000;
const Descriptors = z.object({ descriptors: z.number() });

await using cleanUp = new AsyncDisposableStack();
const spool = await mkdtemp(join(tmpdir(), 'mcp-runtime-soak-'));
cleanUp.defer(() => rm(spool, { recursive: true, force: true }));
const { publicKey, tokenFor } = anIssuer(minutes * 60 + 3600);
const port = await freePort();
const server = (): ReturnType<typeof startChild> => startChild(new URL('upstream/main.ts', import.meta.url), { port });
let upstream = await server();
cleanUp.defer(() => upstream[Symbol.asyncDispose]());
const setup: GatewaySetup = { upstream: upstream.url, policy: 'large', audit: 'store', spool, publicKey };
const gateway = cleanUp.use(await startServed(new URL('gateway/main.ts', import.meta.url), setup));
const load = startMixedLoad({ url: gateway.url + PATH, token: (session) => tokenFor('alice', session), rate });

const began = Date.now();
const endsAt = began + minutes * 60_000;
const sampleEveryMs = Math.max(1000, (minutes * 60_000) / SAMPLES);
const samples: Sample[] = [];
let nextSample = began;
let nextPolicy = began + POLICY_EVERY_MS;
let nextRestart = began + RESTART_EVERY_MS;
let restarts = 0;
while (Date.now() < endsAt) {
  const now = Date.now();
  if (now >= nextPolicy) {
    await gateway.ask({ ask: 'change', with: { times: 2 } }, z.object({}));
    nextPolicy = now + POLICY_EVERY_MS;
  }
  if (now >= nextRestart) {
    await upstream[Symbol.asyncDispose]();
    upstream = await server();
    restarts += 1;
    nextRestart = now + RESTART_EVERY_MS;
  }
  if (now >= nextSample) {
    const { rssBytes } = await gateway.ask({ ask: 'usage' }, Usage);
    const { descriptors } = await gateway.ask({ ask: 'descriptors' }, Descriptors);
    samples.push({ minute: (now - began) / 60_000, rssMiB: rssBytes / 2 ** 20, descriptors });
    nextSample = now + sampleEveryMs;
  }
  await delay(100);
}
const counts = await load.stop();
const { descriptors: left } = await gateway.ask({ ask: 'descriptors' }, Descriptors);
const { records, holds } = await gateway.ask({ ask: 'records' }, z.object({ records: z.number(), holds: z.boolean() }));
const result = {
  at: new Date(began).toISOString(),
  machine: thisMachine(),
  minutes,
  rate,
  restarts,
  counts,
  records,
  chainHolds: holds,
  rssMiBPerHour: hourlySlope(samples.slice(samples.length >> 1), ({ rssMiB }) => rssMiB),
  descriptorsPerHour: hourlySlope(samples.slice(samples.length >> 1), ({ descriptors }) => descriptors),
  descriptorsAfter: left,
  samples,
};
const json = `${JSON.stringify(result)}\n`;
if (values.output !== undefined) writeFileSync(values.output, json);
const faults = judge(samples);
const last = samples.at(-1);
process.stdout.write(
  [
    `${minutes} minutes: ${JSON.stringify(counts)}, ${restarts} restarts of the server, ${records} records, chain ${holds ? 'whole' : 'broken'}`,
    `memory ${last?.rssMiB.toFixed(0)} MiB, ${result.rssMiBPerHour.toFixed(1)} MiB an hour in the second half`,
    `descriptors ${last?.descriptors}, ${result.descriptorsPerHour.toFixed(1)} an hour in the second half, ${left} when all is quiet`,
    ...faults,
    '',
  ].join('\n'),
);
if (faults.length > 0 || !holds) process.exitCode = 1;
