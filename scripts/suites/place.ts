import { type ChildProcess, spawn } from 'node:child_process';
import { type Cluster, endCluster, endOrphans, loadImages, runningCluster, startCluster } from '../cluster/cluster.ts';
import type { Tier } from '../cluster/needs.ts';
import { type Say, runQuietly, runTelling } from '../cluster/run.ts';
import { writePrevious } from '../image/previous.ts';
import { filesOf, runSuite, sayAs } from './run-suite.ts';
import { type Part, type SuiteName, type Totals, suiteOf } from './suites.ts';

const WITHIN = new URL('../test-within.ts', import.meta.url).pathname;
const PATIENCE = '--request-timeout=5s';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Where the files of a suite run: this machine, or a Kubernetes that goes with `end`. */
export interface Place {
  run(part: Part): Promise<Totals>;
  end(): void;
}

/**
 * A suite that needs a Kubernetes gets the one of KUBECONFIG, one that `npm run cluster` started, or one that is started
 * here. Where none can be had, its files count as skipped.
 */
export async function placeOf(name: SuiteName): Promise<Place> {
  const { cluster: tier } = suiteOf(name);
  const say = sayAs(name);
  if (tier === undefined) return { run: (part) => runSuite(name, part), end: () => {} };
  try {
    const kubeconfig = process.env['KUBECONFIG'];
    return kubeconfig === undefined
      ? await ownCluster(name, tier, say)
      : await usersCluster(name, tier, kubeconfig, say);
  } catch (error) {
    say(`FAILED: ${error instanceof Error ? error.message : String(error)}`);
    return nowhere((part) => ({ passed: 0, failed: part === 'beside' ? 1 : 0, skipped: 0 }));
  }
}

async function ownCluster(name: SuiteName, tier: Tier, say: Say): Promise<Place> {
  // Before the images go to the node, from where nothing can be fetched.
  if (tier === 'node') await writePrevious();
  const running = runningCluster(tier);
  if (running !== undefined) {
    say(`on the cluster that \`npm run cluster -- ${tier}\` started`);
    if (tier === 'node') await loadImages(running, say);
    return { run: (part) => runWithin(name, part, running), end: () => {} };
  }
  endOrphans();
  const own = `test-${process.pid}-${tier}`;
  startedHere.add(own);
  const end = (): void => {
    endCluster(own);
    startedHere.delete(own);
  };
  try {
    const opened = await startCluster(tier, own, say);
    if ('cluster' in opened) return { run: (part) => runWithin(name, part, opened.cluster), end };
    end();
    return skipped(name, opened.unavailable, say);
  } catch (error) {
    end();
    throw error;
  }
}

const startedHere = new Set<string>();
for (const signal of SIGNALS) {
  process.once(signal, () => {
    for (const name of startedHere) endCluster(name);
    process.exit(1);
  });
}

async function usersCluster(name: SuiteName, tier: Tier, kubeconfig: string, say: Say): Promise<Place> {
  say(`on the cluster of KUBECONFIG (${kubeconfig})`);
  const silent = await runQuietly('kubectl', ['version', PATIENCE]);
  if (silent !== undefined) return skipped(name, `kubectl cannot use it: ${silent}`, say);
  const unreachable = tier === 'node' ? await unreachableService() : undefined;
  if (unreachable !== undefined)
    return skipped(name, `addresses of its services cannot be reached: ${unreachable}`, say);
  const cluster = { tier, enter: [], env: { KUBECONFIG: kubeconfig } };
  return { run: (part) => runWithin(name, part, cluster), end: () => {} };
}

/** Asks the API server at the address of its service, with the same certificates; a text says why that fails. */
async function unreachableService(): Promise<string | undefined> {
  const get = ['get', 'service', 'kubernetes', '--namespace=default', '--output=jsonpath={.spec.clusterIP}'];
  const { stdout: address } = await runTelling('kubectl', get, {}, () => undefined);
  return runQuietly('kubectl', ['get', '--raw=/version', `--server=https://${address}`, PATIENCE]);
}

/** In a process of its own, as only a whole process can be on another network. It sends its totals before it ends. */
async function runWithin(name: SuiteName, part: Part, { enter, env }: Cluster): Promise<Totals> {
  if (filesOf(name, part).length === 0) return { passed: 0, failed: 0, skipped: 0 };
  const command = [...enter, process.execPath, '--disable-warning=ExperimentalWarning', WITHIN, name, part];
  const child = spawn(command[0] ?? process.execPath, command.slice(1), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let totals: Totals | undefined;
  child.on('message', (message: Totals) => {
    totals = message;
  });
  const fault = await ended(child);
  if (totals !== undefined) return totals;
  sayAs(name)(`FAILED: its process ended without a result${fault === undefined ? '' : `: ${fault}`}`);
  return { passed: 0, failed: 1, skipped: 0 };
}

/** A text says why it could not be started. */
function ended(child: ChildProcess): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  child.once('error', ({ message }) => resolve(message));
  child.once('close', () => resolve(undefined));
  return promise;
}

function skipped(name: SuiteName, why: string, say: Say): Place {
  say(`skipped: ${why}`);
  return nowhere((part) => ({ passed: 0, failed: 0, skipped: filesOf(name, part).length }));
}

function nowhere(told: (part: Part) => Totals): Place {
  return { run: async (part) => told(part), end: () => {} };
}
