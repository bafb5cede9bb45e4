import { constants } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type AppError, type Source } from '@mcp-runtime/api';
import { UnusableSource, tellingLine } from './failure.ts';
import { type Installer, type Step, exists, installFailed } from './install.ts';
import { type Program, type ProgramPlaces } from './program.ts';

type PypiSource = NonNullable<Source['pypi']>;

export async function pypiProgram(source: PypiSource, installer: Installer, places: ProgramPlaces): Promise<Program> {
  const folder = join(places.packages, 'pypi', folderOf(source));
  const environment = join(folder, 'venv');
  const hasUv = await isOnPath('uv', places.searchPath);
  await installer.once(folder, hasUv ? uvSteps(source, environment) : pipSteps(source, environment));
  return { command: await scriptOf(source, join(environment, 'bin')), args: source.args };
}

/** What was installed unchecked is not what a hash asks for. */
function folderOf({ package: name, version, hash }: PypiSource): string {
  const folder = `${name.toLowerCase()}==${version}`;
  return hash === undefined ? folder : `${folder}+${hash.replace(':', '-')}`;
}

function uvSteps(source: PypiSource, environment: string): readonly Step[] {
  const python = join(environment, 'bin', 'python');
  const install = ['pip', 'install', '--quiet', '--python', python];
  return [
    { command: 'uv', args: ['venv', '--quiet', environment], toError: noEnvironment },
    ...installSteps(source, 'uv', install),
  ];
}

function pipSteps(source: PypiSource, environment: string): readonly Step[] {
  const python = join(environment, 'bin', 'python');
  return [
    { command: 'python3', args: ['-m', 'venv', environment], toError: noEnvironment },
    ...installSteps(source, python, ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--quiet']),
  ];
}

/**
 * With a hash the package comes first and alone, held against it before anything of it runs ("Hash-Checking Mode" of pip,
 * which uv has too); what it needs follows.
 */
function installSteps(source: PypiSource, command: string, install: readonly string[]): readonly Step[] {
  const toError = (output: readonly string[]): AppError => pypiError(source, output);
  const all = { command, args: [...install, requirement(source)], toError };
  if (source.hash === undefined) return [all];
  const alone = { command, args: [...install, '--no-deps', '--require-hashes', '-r', REQUIREMENTS], toError };
  return [{ ...alone, files: { [REQUIREMENTS]: `${requirement(source)} --hash=${source.hash}\n` } }, all];
}

const REQUIREMENTS = 'requirements.txt';

function noEnvironment(output: readonly string[]): AppError {
  return installFailed(`no Python environment can be made: ${tellingLine(output) ?? 'no reason was given'}`);
}

/** pip says the same of an unknown package and of a dead network, but for the warnings that come before. */
const NETWORK = /Retrying \(|connection (broken|error)|error sending request|dns error|timed out/i;
const OTHER_HASH = /do not match the hashes|hash mismatch/i;
const UNKNOWN = /No matching distribution found|not found in the package registry|no version of/i;

function pypiError(source: PypiSource, output: readonly string[]): AppError {
  const text = output.join('\n');
  if (OTHER_HASH.test(text)) {
    return new UnusableSource(
      'install_failed',
      `\`${requirement(source)}\` has no file of the hash of \`source.pypi.hash\``,
      { next: 'find out why it is another package than the one that was approved' },
    );
  }
  if (UNKNOWN.test(text) && !NETWORK.test(text)) {
    return new UnusableSource('install_failed', `the Python package index has no \`${requirement(source)}\``, {
      next: 'set `source.pypi` to a package and version that exist',
    });
  }
  return installFailed(
    `\`${requirement(source)}\` cannot be installed: ${tellingLine(output) ?? 'no reason was given'}`,
  );
}

async function scriptOf(source: PypiSource, folder: string): Promise<string> {
  const wanted = source.command ?? source.package;
  const candidates = [wanted, wanted.toLowerCase(), wanted.toLowerCase().replaceAll(/[._]/g, '-')];
  for (const name of candidates) {
    if (await exists(join(folder, name))) return join(folder, name);
  }
  const scripts = (await readdir(folder)).filter((name) => !/^(activate|Activate|python|pip|deactivate)/.test(name));
  const has = scripts.length === 0 ? 'no command' : scripts.map((name) => `\`${name}\``).join(', ');
  throw new UnusableSource('install_failed', `\`${requirement(source)}\` has no command \`${wanted}\`; it has ${has}`, {
    next: 'set `source.pypi.command`',
  });
}

function requirement(source: PypiSource): string {
  return `${source.package}==${source.version}`;
}

async function isOnPath(program: string, searchPath: string): Promise<boolean> {
  for (const folder of searchPath.split(delimiter)) {
    try {
      await access(join(folder, program), constants.X_OK);
      return true;
    } catch {
      // not here
    }
  }
  return false;
}
