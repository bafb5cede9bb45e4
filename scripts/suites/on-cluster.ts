import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Cluster, endCluster, endOrphans, loadImages, runningCluster, startCluster } from '../cluster/cluster.ts';
import type { Tier } from '../cluster/needs.ts';
import { type SuiteName, type Totals } from './suites.ts';
import { filesOf } from './run-suite.ts';

const WITHIN = new URL('../test-within.ts', import.meta.url).pathname;
const REACHED_WITHIN_MS = 3000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a suite that needs a Kubernetes: the one of KUBECONFIG, one that `npm run cluster` started, or one that is started
 * here and ended afterwards. Where none can be had, its files count as skipped.
 */
export async function runOnCluster(name: SuiteName, tier: Tier): Promise<Totals> {
  if (filesOf(name).length === 0) return { passed: 0, failed: 0, skipped: 0 };
  if (process.env['KUBECONFIG'] !== undefined) return runOnUsers(name, tier, process.env['KUBECONFIG']);
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
  if (tier === 'node' && !(await isReachable(await addressOfApiService())))
    return skipped(name, 'service addresses of the cluster that KUBECONFIG names cannot be reached from here');
  return runWithin(name, { tier, enter: [], env: { KUBECONFIG: kubeconfig } });
}

async function addressOfApiService(): Promise<string> {
  const get = ['get', 'service', 'kubernetes', '--namespace=default', '--output=jsonpath={.spec.clusterIP}'];
  const child = spawn('kubectl', get, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [address] = await Promise.all([text(child.stdout), ended(child)]);
  return address;
}

function isReachable(address: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: address, port: 443, timeout: REACHED_WITHIN_MS });
  socket.once('connect', () => resolve(true));
  for (const event of ['timeout', 'error']) socket.once(event, () => resolve(false));
  return promise.finally(() => socket.destroy());
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
