// Starts and ends test clusters: what `npm run cluster` and the test suites have in common.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { writePauseImage } from './images.ts';
import { type Tier, pathWithAdmin, unmetNeed } from './needs.ts';
import { freePorts } from './ports.ts';
import { findPrograms } from './programs.ts';
import { type Say, runTelling } from './run.ts';

const SCRIPTS = join(import.meta.dirname, '../../test/cluster');
const KUBECONFIG = 'pki/admin.kubeconfig';
/** Where `npm run image` writes archives. */
const IMAGES = join(import.meta.dirname, '../../build/images');
const IMAGE = join(import.meta.dirname, '../image.ts');
const OWNER = /^test-(\d+)-/;

/** Folder with the state of the clusters of this user, one folder each. */
export const CLUSTERS = join(
  process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'),
  'mcp-runtime',
  'clusters',
);

export interface Cluster {
  readonly tier: Tier;
  /** For programs that use it: `KUBECONFIG`, and a path with `kubectl`. */
  readonly env: Readonly<Record<string, string>>;
  /** What to put before a command so that it runs on the cluster's network; empty where that is the machine's. */
  readonly enter: readonly string[];
}

/** A cluster, or why there can be none on this machine. Throws when it can be had but does not start. */
export type Opened = { readonly cluster: Cluster } | { readonly unavailable: string };

/** The cluster whose state is in the folder `name`, if it is up. */
export function runningCluster(name: string): Cluster | undefined {
  const folder = join(CLUSTERS, name);
  if (!existsSync(join(folder, 'ready'))) return undefined;
  const { tier, programs }: { tier: Tier; programs: string } = JSON.parse(readFileSync(join(folder, 'ready'), 'utf8'));
  const pid = readFileSync(join(folder, 'pids', tier === 'node' ? 'box' : 'kube-apiserver'), 'utf8').split(' ')[0];
  if (pid === undefined || !existsSync(`/proc/${pid}`)) return undefined;
  const enter = tier === 'node' ? ['nsenter', '--net', '--target', pid] : [];
  const env = {
    KUBECONFIG: join(folder, KUBECONFIG),
    PATH: [programs, pathWithAdmin()].join(delimiter),
    MCP_CLUSTER_DIR: folder,
  };
  return { tier, enter, env };
}

/** Starts a cluster whose state is in the folder `name`. */
export async function startCluster(tier: Tier, name: string, say: Say): Promise<Opened> {
  const unavailable = await unmetNeed(tier, say);
  if (unavailable !== undefined) return { unavailable };
  const programs = await findPrograms(tier, say);
  if ('missing' in programs) return { unavailable: programs.missing };

  const folder = join(CLUSTERS, name);
  endCluster(name);
  await mkdir(folder, { recursive: true });
  if (tier === 'node') {
    writePauseImage(programs.folder);
    await writeImages(say);
  }
  say(`starting a cluster of tier ${tier} with programs of ${programs.from} (${programs.folder})`);
  const env = {
    PATH: pathWithAdmin(),
    CLUSTER_DIR: folder,
    PROGRAMS: programs.folder,
    IMAGES,
    NODE: process.execPath,
    ...(tier === 'api' ? await apiPorts() : {}),
  };
  const up = await runTelling(join(SCRIPTS, 'up.sh'), [tier], env, say);
  if (up.status !== 0) throw new Error(`the cluster did not start; its logs are in ${folder}/logs`);
  await writeFile(join(folder, 'ready'), JSON.stringify({ tier, programs: programs.folder }));
  const cluster = runningCluster(name);
  if (cluster === undefined) throw new Error(`the cluster ended at once; its logs are in ${folder}/logs`);
  return { cluster };
}

/** Brings the images of this checkout to a node that is up. */
export async function loadImages({ env }: Cluster, say: Say): Promise<void> {
  await writeImages(say);
  const archives = globSync(join(IMAGES, '*.tar'));
  const clusterDir = { ...env, CLUSTER_DIR: env['MCP_CLUSTER_DIR'] };
  const { status, complaint } = await runTelling(join(SCRIPTS, 'load.sh'), archives, clusterDir, say);
  if (status !== 0) throw new Error(`images could not be imported: ${complaint}`);
}

async function writeImages(say: Say): Promise<void> {
  say('writing the images');
  const args = ['--disable-warning=ExperimentalWarning', IMAGE, '--tests'];
  const { status, complaint } = await runTelling(process.execPath, args, {}, say);
  if (status !== 0) throw new Error(`images could not be written: ${complaint}`);
}

/** Ends it and removes its state. Waits, so that it can be called when this process is about to end. */
export function endCluster(name: string): void {
  const env = { ...process.env, PATH: pathWithAdmin(), CLUSTER_DIR: join(CLUSTERS, name) };
  spawnSync(join(SCRIPTS, 'down.sh'), [], { env, stdio: ['ignore', 'ignore', 'inherit'] });
}

export function clusterNames(): readonly string[] {
  return existsSync(CLUSTERS) ? readdirSync(CLUSTERS) : [];
}

/** Ends clusters of test runs that were killed before they could. */
export function endOrphans(): void {
  for (const name of clusterNames()) {
    const owner = OWNER.exec(name)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) endCluster(name);
  }
}

/** The API tier shares the machine's network with other clusters. etcd also uses the port above its own. */
async function apiPorts(): Promise<Readonly<Record<string, string>>> {
  const first = await freePorts(4);
  return { ETCD_PORT: String(first), PORT: String(first + 2), MANAGER_PORT: String(first + 3) };
}
