// `npm run cluster -- api|node|down|exec …`: a real Kubernetes on this machine for tests. docs/guide/test-clusters.md
import { spawn } from 'node:child_process';
import {
  type Cluster,
  CLUSTERS,
  clusterNames,
  endCluster,
  loadImages,
  runningCluster,
  startCluster,
} from './cluster/cluster.ts';
import { type Tier, missingPackages } from './cluster/needs.ts';
import { findPrograms, presentPrograms } from './cluster/programs.ts';

const USAGE = `usage: npm run cluster -- COMMAND [--dry-run]

  api            start etcd, an API server and controllers
  node           start that plus a node on which pods run (Linux, root)
  down           end what \`api\` and \`node\` started
  exec CMD …     run a command with the cluster's KUBECONFIG, on the network of its node if it has one
  load           bring the images of this checkout to the node that is up (\`node\` and the test suite do so themselves)
  build          only build the programs, into the cache

With --dry-run, \`api\` and \`node\` say what they would do and do nothing.
`;
const EX_USAGE = 64;
const EX_UNAVAILABLE = 69;
const EX_SOFTWARE = 70;
const NAMES: readonly Tier[] = ['node', 'api'];

const [command = '', ...rest] = process.argv.slice(2);
try {
  process.exitCode = await run();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = EX_SOFTWARE;
}

async function run(): Promise<number> {
  if (command === 'api' || command === 'node') return rest.includes('--dry-run') ? plan(command) : up(command);
  if (command === 'down') return down();
  if (command === 'exec' && rest.length > 0) return execute(rest);
  if (command === 'load') return load();
  if (command === 'build') return build();
  process.stderr.write(USAGE);
  return EX_USAGE;
}

async function up(tier: Tier): Promise<number> {
  if (process.env['KUBECONFIG'] !== undefined) {
    say(`KUBECONFIG is set: tests use that cluster (${process.env['KUBECONFIG']}), so none is started`);
    return 0;
  }
  const running = runningCluster(tier);
  if (running !== undefined) {
    say('it is up already');
    return tell(running);
  }
  const opened = await startCluster(tier, tier, say);
  if ('cluster' in opened) return tell(opened.cluster);
  say(`no cluster: ${opened.unavailable}`);
  return EX_UNAVAILABLE;
}

function tell(cluster: Cluster): number {
  say(`export KUBECONFIG=${cluster.env['KUBECONFIG'] ?? ''}`);
  say('npm run cluster -- exec kubectl get namespaces');
  say('npm run cluster -- down');
  return 0;
}

async function plan(tier: Tier): Promise<number> {
  const programs = await presentPrograms(tier);
  const missing = missingPackages(tier);
  say(
    `programs: ${'folder' in programs ? `${programs.folder} (${programs.from})` : `${programs.missing}: would build`}`,
  );
  say(`Debian packages to install: ${missing.length > 0 ? missing.join(', ') : 'none'}`);
  say(`state: ${CLUSTERS}/${tier}`);
  return 0;
}

function down(): number {
  const names = clusterNames().filter((name) => NAMES.some((known) => known === name));
  for (const name of names) {
    endCluster(name);
    say(`ended: ${name}`);
  }
  if (names.length === 0) say('there is none');
  return 0;
}

async function execute([program = '', ...args]: readonly string[]): Promise<number> {
  const cluster = NAMES.map((name) => runningCluster(name)).find((found) => found !== undefined);
  if (cluster === undefined) {
    say('no cluster is up: `npm run cluster -- api` or `npm run cluster -- node` starts one');
    return EX_UNAVAILABLE;
  }
  const [first = program, ...others] = [...cluster.enter, program, ...args];
  const child = spawn(first, others, { env: { ...process.env, ...cluster.env }, stdio: 'inherit' });
  const { promise, resolve } = Promise.withResolvers<number>();
  child.once('error', (error) => {
    say(error.message);
    resolve(EX_UNAVAILABLE);
  });
  child.once('exit', (code) => resolve(code ?? 1));
  return promise;
}

async function load(): Promise<number> {
  const cluster = runningCluster('node');
  if (cluster === undefined) {
    say('no node is up: `npm run cluster -- node` starts one');
    return EX_UNAVAILABLE;
  }
  await loadImages(cluster, say);
  return 0;
}

async function build(): Promise<number> {
  const programs = await findPrograms('node', say);
  say('folder' in programs ? programs.folder : programs.missing);
  return 'folder' in programs ? 0 : EX_UNAVAILABLE;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
