// Prints sizes and times of delivering policies of one server, by its sessions: `node packages/delivery/bench/delivery-cost.ts`.
import { compilePolicy } from '@mcp-runtime/policy';
import { decodeDelivery, encodeDelivery } from '../src/index.ts';
import { SERVER, aDelivery, aPolicy } from '../src/testing/deliveries.ts';

const SESSIONS = [100, 1000, 10_000, 100_000];
const SAMPLES = 5;

/** Milliseconds, the middle of several. */
function timeMs(work: () => void): number {
  const samples = Array.from({ length: SAMPLES }, () => {
    const started = performance.now();
    work();
    return performance.now() - started;
  });
  return Math.round((samples.toSorted((a, b) => a - b)[Math.floor(SAMPLES / 2)] ?? 0) * 10) / 10;
}

const rows = SESSIONS.map((sessions) => {
  const document = aPolicy({ sessions });
  const input = aDelivery({ document });
  const configMaps = encodeDelivery(input);
  const decoded = decodeDelivery(SERVER, configMaps);
  if (!decoded.ok) throw new Error(decoded.fault.message);
  return {
    sessions,
    'document KiB': Math.round(Buffer.byteLength(JSON.stringify(document)) / 1024),
    configMaps: configMaps.length,
    'on the wire KiB': Math.round(Buffer.byteLength(JSON.stringify(configMaps)) / 1024),
    'encode ms': timeMs(() => void encodeDelivery(input)),
    'decode ms': timeMs(() => void decodeDelivery(SERVER, configMaps)),
    'compile ms': timeMs(() => void compilePolicy(document)),
  };
});
for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
