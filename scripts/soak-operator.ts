// The operator with many servers, on an API server of its own.
// What test/kube-api/scale.test.ts asserts of a few holds for all of them; it takes some minutes.
import { spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { endCluster, endOrphans, startCluster } from './cluster/cluster.ts';
import { flagsOf, refuse } from './flags.ts';

const EX_UNAVAILABLE = 69;
const TEST = join(dirname(import.meta.dirname), 'test/kube-api/scale.test.ts');
/** A minute: at rest an operator of a thousand servers does so little that less would measure its timers. */
const WINDOW_MS = 60_000;

const USAGE = `usage: npm run test:soak:operator [-- --servers N] [--output FILE]

  --servers N     how many; 1000 unless given
  --output FILE   where the figures are written as JSON`;
const values = flagsOf(USAGE, { servers: { type: 'string', default: '1000' }, output: { type: 'string' } });
if (!/^[1-9]\d*$/.test(values.servers)) refuse(USAGE, `--servers takes a whole number, not ${values.servers}`);
process.exitCode = await run(values.servers, values.output);

async function run(servers: string, output: string | undefined): Promise<number> {
  endOrphans();
  const name = `test-${process.pid}-api`;
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => endCluster(name));
  try {
    const opened = await startCluster('api', name, (line) => process.stderr.write(`${line}\n`));
    if ('unavailable' in opened) {
      process.stderr.write(`no cluster: ${opened.unavailable}\n`);
      return EX_UNAVAILABLE;
    }
    const env = {
      ...process.env,
      ...opened.cluster.env,
      SCALE_SERVERS: servers,
      SCALE_WINDOW_MS: String(WINDOW_MS),
      ...(output === undefined ? {} : { SCALE_OUT: resolve(output) }),
    };
    const args = ['--disable-warning=ExperimentalWarning', '--test', TEST];
    return spawnSync(process.execPath, args, { env, stdio: 'inherit' }).status ?? 1;
  } finally {
    endCluster(name);
  }
}
