import { type ChildProcess, spawn } from 'node:child_process';
import { type Cluster, endCluster, endOrphans, loadImages, runningCluster, startCluster } from '../cluster/cluster.ts';
import type { Tier } from '../cluster/needs.ts';
import { writePrevious } from '../image/previous.ts';
import { runQuietly, runTelling } from '../cluster/run.ts';
import { type SuiteName, type Totals } from './suites.ts';
import { filesOf } from './run-suite.ts';

const WITHIN = new URL('../test-within.ts', import.meta.url).pathname;
const PATIENCE = '--request-timeout=5s';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a suite that needs a Kubernetes: the one of KUBECONFIG, one that `npm run cluster` started, or one that is started
 * here and ended afterwards. Where none can be had, its files count as skipped.
 */
export async function runOnCluster(name: SuiteName, tier: Tier): Promise<Totals> {
  if (filesOf(name).length === 0) return { passed: 0, failed: 0, skipped: 0 };
  if (process.env['KUBECONFIG'] !== undefined) return runOnUsers(name, tier, process.env['KUBECONFIG']);
  // Before the images go to the node, from where nothing can be fetched.
  if (tier === 'node') await writePrevious();
  const running = runningCluster(tier);
  if (running !== undefined) {
    say(`${name}: on the cluster that \`npm run cluster -- ${tier}\` started`);
    if (tier === 'node') await loadImages(running, say);
    return runWithin(name, running);
  }
  endOrphans();
  const own = `test-${process.pid}-${tier}`;
  const interrupted = (): void => {
    endCluster(own);
    process.exit(1);
  };
  for (const signal of SIGNALS) process.once(signal, interrupted);
  try {
    const opened = await startCluster(tier, own, say);
    if ('unavailable' in opened) return skipped(name, opened.unavailable);
    return await runWithin(name, opened.cluster);
  } finally {
    endCluster(own);
    for (const signal of SIGNALS) process.off(signal, interrupted);
  }
}

async function runOnUsers(name: SuiteName, tier: Tier, kubeconfig: string): Promise<Totals> {
  say(`${name}: on the cluster of KUBECONFIG (${kubeconfig})`);
  const silent = await runQuietly('kubectl', ['version', PATIENCE]);
  if (silent !== undefined) return skipped(name, `kubectl cannot use it: ${silent}`);
  const unreachable = tier === 'node' ? await unreachableService() : undefined;
  if (unreachable !== undefined) return skipped(name, `addresses of its services cannot be reached: ${unreachable}`);
  return runWithin(name, { tier, enter: [], env: { KUBECONFIG: kubeconfig } });
}

/** Asks the API server at the address of its service, with the same certificates; a text says why that fails. */
async function unreachableService(): Promise<string | undefined> {
  const get = ['get', 'service', 'kubernetes', '--namespace=default', '--output=jsonpath={.spec.clusterIP}'];
  const { stdout: address } = await runTelling('kubectl', get, {}, () => undefined);
  return runQuietly('kubectl', ['get', '--raw=/version', `--server=https://${address}`, PATIENCE]);
}

/** In a process of its own, as only a whole process can be on another network. It sends its totals before it ends. */
async function runWithin(name: SuiteName, { enter, env }: Cluster): Promise<Totals> {
  const command = [...enter, process.execPath, '--disable-warning=ExperimentalWarning', WITHIN, name];
  const child = spawn(command[0] ?? process.execPath, command.slice(1), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let totals: Totals | undefined;
  child.on('message', (message: Totals) => {
    totals = message;
  });
  await ended(child);
  if (totals !== undefined) return totals;
  say(`  FAILED: ${name}: its process ended without a result`);
  return { passed: 0, failed: 1, skipped: 0 };
}

function ended(child: ChildProcess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('error', (error) => {
    say(`  ${error.message}`);
    resolve();
  });
  child.once('close', () => resolve());
  return promise;
}

function skipped(name: SuiteName, why: string): Totals {
  say(`  skipped: ${name}: ${why}`);
  return { passed: 0, failed: 0, skipped: filesOf(name).length };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
