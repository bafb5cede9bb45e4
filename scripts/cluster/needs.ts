// What the machine has to have for a test cluster, and how it gets it.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Say, runQuietly } from './run.ts';

export type Tier = 'api' | 'node';

/** A file that has to exist (a name without `/` is a program on the path), and Debian's package with it. */
interface Need {
  readonly file: string;
  readonly debian: string;
}

const NEEDS: Readonly<Record<Tier, readonly Need[]>> = {
  api: [
    { file: 'openssl', debian: 'openssl' },
    { file: 'flock', debian: 'util-linux' },
  ],
  node: [
    { file: 'openssl', debian: 'openssl' },
    { file: 'flock', debian: 'util-linux' },
    { file: 'nsenter', debian: 'util-linux' },
    { file: 'ip', debian: 'iproute2' },
    { file: 'sysctl', debian: 'procps' },
    { file: 'containerd', debian: 'containerd' },
    { file: 'runc', debian: 'runc' },
    { file: '/usr/lib/cni/bridge', debian: 'containernetworking-plugins' },
    { file: 'iptables', debian: 'iptables' },
    { file: 'nft', debian: 'nftables' },
    { file: 'conntrack', debian: 'conntrack' },
  ],
};
const ADMIN_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'] as const;
const NAMESPACES = ['--mount', '--net', '--pid', '--uts', '--ipc', '--fork'] as const;

/** The path with the folders of programs for administrators, which not every user's has. */
export function pathWithAdmin(): string {
  return [process.env['PATH'] ?? '', ...ADMIN_FOLDERS].join(delimiter);
}

/** Debian's packages that are missing for `tier`. */
export function missingPackages(tier: Tier): readonly string[] {
  return [...new Set(NEEDS[tier].filter(({ file }) => !isThere(file)).map(({ debian }) => debian))];
}

function isThere(file: string): boolean {
  if (file.includes('/')) return existsSync(file);
  return pathWithAdmin()
    .split(delimiter)
    .some((folder) => existsSync(join(folder, file)));
}

/** Makes the machine fit for `tier`; a text says why it can't be. Root's missing packages are installed where there is apt. */
export async function unmetNeed(tier: Tier, say: Say): Promise<string | undefined> {
  if (process.platform !== 'linux') return `test clusters need Linux, this is ${process.platform}`;
  const isRoot = process.getuid?.() === 0;
  if (tier === 'node' && !isRoot) return 'a node needs root (namespaces, mounts, cgroups): run it with sudo';
  const missing = missingPackages(tier);
  if (missing.length > 0) {
    if (!isRoot || !isThere('apt-get')) return `missing on this machine: ${missing.join(', ')}`;
    say(`installing Debian packages: ${missing.join(', ')}`);
    installing = installing.then(() => install(missing));
    const failure = await installing;
    if (failure !== undefined) return `apt-get could not install ${missing.join(', ')}: ${failure}`;
  }
  if (tier === 'api') return undefined;
  const refused = await runQuietly('unshare', [...NAMESPACES, 'true']);
  return refused === undefined ? undefined : `this machine lets nobody make namespaces: ${refused}`;
}

/** Two clusters may be started at once; apt-get is for one caller at a time. */
let installing: Promise<string | undefined> = Promise.resolve(undefined);

async function install(packages: readonly string[]): Promise<string | undefined> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await runQuietly('apt-get', ['update', '-qq'], env);
  return runQuietly('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], env);
}
