import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AppError, type Source } from '@mcp-runtime/api';
import { UnusableSource } from './failure.ts';
import { type Installer, type Step, installFailed } from './install.ts';
import { type Program, type ProgramPlaces } from './program.ts';

type NpmSource = NonNullable<Source['npm']>;

export async function npmProgram(source: NpmSource, installer: Installer, places: ProgramPlaces): Promise<Program> {
  const present = await findInstalled(source, places.packageRoots);
  if (present !== undefined && isAsked(present, source)) return programOf(present, source);

  const folder = join(places.packages, 'npm', `${source.package.replace('/', '+')}@${source.version}`);
  await installer.once(folder, [installStep(source, folder)]);
  const installed = await findInstalled(source, [folder]);
  if (installed === undefined) throw installFailed(`npm installed something else than ${nameOf(source)}`);
  if (!isAsked(installed, source)) throw otherIntegrity(installed, source);
  return programOf(installed, source);
}

interface Installed {
  readonly folder: string;
  /** Digest that npm held what it unpacked against; undefined where it noted none. */
  readonly integrity: string | undefined;
  /** Command name to file. */
  readonly bin: Readonly<Record<string, string>>;
}

async function findInstalled(source: NpmSource, roots: readonly string[]): Promise<Installed | undefined> {
  for (const root of roots) {
    const folder = join(root, 'node_modules', source.package);
    const manifest = await readManifest(join(folder, 'package.json'));
    if (manifest?.['version'] !== source.version) continue;
    return { folder, bin: binOf(source.package, manifest['bin']), integrity: await integrityOf(root, source.package) };
  }
  return undefined;
}

/** npm keeps a lockfile of what it put into a `node_modules` there (npm, "Hidden Lockfiles"). */
async function integrityOf(root: string, packageName: string): Promise<string | undefined> {
  const lockfile = await readManifest(join(root, 'node_modules', '.package-lock.json'));
  const packages = lockfile?.['packages'];
  const entry = isRecord(packages) ? packages[`node_modules/${packageName}`] : undefined;
  const integrity = isRecord(entry) ? entry['integrity'] : undefined;
  return typeof integrity === 'string' ? integrity : undefined;
}

function isAsked({ integrity }: Installed, source: NpmSource): boolean {
  return source.integrity === undefined || source.integrity === integrity;
}

function otherIntegrity({ integrity = 'none' }: Installed, source: NpmSource): UnusableSource {
  return new UnusableSource(
    'install_failed',
    `${nameOf(source)} has the integrity \`${integrity}\`, not the one of \`source.npm.integrity\``,
    { next: 'find out why it is another package than the one that was approved' },
  );
}

async function readManifest(file: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const manifest: unknown = JSON.parse(await readFile(file, 'utf8'));
    return isRecord(manifest) ? manifest : undefined;
  } catch {
    // missing or damaged: as if it were not installed
    return undefined;
  }
}

/** A `bin` that is a string is the one command, named like the package without its scope (npm, package.json, "bin"). */
function binOf(packageName: string, bin: unknown): Readonly<Record<string, string>> {
  if (typeof bin === 'string') return { [withoutScope(packageName)]: bin };
  if (!isRecord(bin)) return {};
  return Object.fromEntries(
    Object.entries(bin).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function programOf({ folder, bin }: Installed, source: NpmSource): Program {
  const names = Object.keys(bin);
  const wanted = source.bin ?? (names.length === 1 ? names[0] : withoutScope(source.package));
  const file = wanted === undefined ? undefined : bin[wanted];
  if (file === undefined) {
    const has = names.length === 0 ? 'it has none' : `it has ${names.map((name) => `\`${name}\``).join(', ')}`;
    throw new UnusableSource('install_failed', `${nameOf(source)} has no command \`${wanted ?? ''}\`; ${has}`, {
      next: names.length === 0 ? 'use a package that has a command' : 'set `source.npm.bin`',
    });
  }
  return { command: process.execPath, args: [join(folder, file), ...source.args] };
}

function installStep(source: NpmSource, folder: string): Step {
  return {
    command: 'npm',
    // scripts of packages do not run: what installs is only unpacked
    args: [
      'install',
      '--prefix',
      folder,
      '--ignore-scripts',
      '--omit=dev',
      '--no-audit',
      '--no-fund',
      '--no-update-notifier',
      '--loglevel=error',
      `${source.package}@${source.version}`,
    ],
    toError: (output) => npmError(source, output),
  };
}

const UNKNOWN = new Set(['E404', 'ETARGET']);
const SHOWN_LINES = 3;

function npmError(source: NpmSource, output: readonly string[]): AppError {
  const lines = output
    .filter((line) => line.startsWith('npm error '))
    .map((line) => line.slice('npm error '.length))
    .filter((line) => !line.startsWith('A complete log'));
  const code = lines.find((line) => line.startsWith('code '))?.slice('code '.length);
  if (code !== undefined && UNKNOWN.has(code)) {
    return new UnusableSource('install_failed', `the npm registry has no ${nameOf(source)}`, {
      next: 'set `source.npm` to a package and version that exist',
    });
  }
  const said = (lines.length === 0 ? output : lines).slice(0, SHOWN_LINES).join('; ');
  return installFailed(`npm cannot install ${nameOf(source)}: ${said}`);
}

function nameOf(source: NpmSource): string {
  return `\`${source.package}@${source.version}\``;
}

function withoutScope(packageName: string): string {
  return packageName.slice(packageName.indexOf('/') + 1);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
