// Feeds parsers with made-up input: `node test/hostile/fuzz.ts --target NAME --cases N --seed S`.
import { parseArgs } from 'node:util';
import { answerTarget } from './fuzz/answer.ts';
import { headersTarget } from './fuzz/headers.ts';
import { policyTarget } from './fuzz/policy.ts';
import { Random } from './fuzz/random.ts';
import { readerTarget } from './fuzz/reader.ts';
import { sealTarget } from './fuzz/seal.ts';
import { sseTarget } from './fuzz/sse.ts';
import { type OpenTarget } from './fuzz/target.ts';
import { upstreamTarget } from './fuzz/upstream.ts';

export const TARGETS: Readonly<Record<string, OpenTarget>> = {
  reader: readerTarget,
  headers: headersTarget,
  sse: sseTarget,
  answer: answerTarget,
  policy: policyTarget,
  seal: sealTarget,
  upstream: upstreamTarget,
};

/** A case that takes longer hangs. */
const MAX_CASE_MS = 2000;

/** Runs the cases `first` and after of a seed. Rejects at the first fault, naming seed and case. */
export async function fuzz(
  open: OpenTarget,
  { cases, seed, first = 0 }: { readonly cases: number; readonly seed: number; readonly first?: number },
): Promise<void> {
  const target = await open();
  try {
    for (let number = first; number < first + cases; number++) {
      const started = performance.now();
      try {
        const running = target.run(new Random(seed, number));
        if (running !== undefined) await running;
        if (performance.now() - started > MAX_CASE_MS) throw new Error('it hangs');
      } catch (cause) {
        throw new Error(`seed ${seed}, case ${number}: ${String(cause)}`, { cause });
      }
    }
  } finally {
    await target.close?.();
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      target: { type: 'string', default: 'reader' },
      cases: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      first: { type: 'string', default: '0' },
    },
  });
  const open = TARGETS[values.target];
  if (open === undefined) {
    process.stderr.write(`no target \`${values.target}\`: there are ${Object.keys(TARGETS).join(', ')}\n`);
    return 64;
  }
  const [cases, seed, first] = [Number(values.cases), Number(values.seed), Number(values.first)];
  const started = performance.now();
  await fuzz(open, { cases, seed, first });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${values.target}: ${cases} cases from ${first} with seed ${seed}, no fault, ${seconds} s\n`);
  return 0;
}

if (import.meta.main) process.exitCode = await main();
