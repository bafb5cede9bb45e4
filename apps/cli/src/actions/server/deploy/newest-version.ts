import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { AppError } from '@mcp-runtime/api';
import { z } from 'zod';
import { type CommandIo } from '../../../frame/command.ts';

const TIMEOUT_MS = 60_000;

/** What `npm view` prints: one version, or all that a range covers, the newest last. */
const NpmVersions = z.union([z.string(), z.array(z.string()).min(1)]);

/** The newest version that npm knows of a package, in the registry that npm is set up for. `wanted` is a tag or a range. */
export async function newestNpmVersion(name: string, wanted: string | undefined, io: CommandIo): Promise<string> {
  const spec = wanted === undefined ? name : `${name}@${wanted}`;
  const options = { cwd: io.cwd, env: { ...io.env }, signal: io.signal, timeout: TIMEOUT_MS };
  const { stdout } = await promisify(execFile)('npm', ['view', '--json', '--', spec, 'version'], options).catch(
    (cause: unknown) => {
      throw npmError(cause, spec);
    },
  );
  const versions = NpmVersions.safeParse(parseJson(stdout));
  const newest = versions.success ? [versions.data].flat().at(-1) : undefined;
  if (newest !== undefined) return newest;
  throw new AppError('not_found', `npm knows no version of \`${spec}\``, { next: 'check the name and the version' });
}

/** With `--json`, npm says on standard output why it failed. */
const NpmFailure = z.object({
  code: z.union([z.string(), z.number()]).nullish(),
  stdout: z.string().catch(''),
});
const NpmReason = z.object({ error: z.object({ code: z.string(), summary: z.string() }) });

function npmError(cause: unknown, spec: string): AppError {
  const { code, stdout } = NpmFailure.catch({ code: undefined, stdout: '' }).parse({ ...Object(cause) });
  const next = 'give an exact version: `--npm PACKAGE@VERSION`';
  if (code === 'ENOENT') return new AppError('install_failed', 'npm was not found in PATH', { cause, next });
  if (code === 'ABORT_ERR') return new AppError('canceled', 'interrupted');
  const told = NpmReason.safeParse(parseJson(stdout));
  const reason = told.success ? told.data.error : { code: '', summary: 'it gave no reason' };
  if (reason.code === 'E404')
    return new AppError('not_found', `npm has no package \`${spec}\``, { next: 'check the name' });
  return new AppError('install_failed', `npm cannot look up \`${spec}\`: ${reason.summary}`, { next });
}

const PypiProject = z.object({ info: z.object({ version: z.string() }) });

/** The newest release on pypi.org. Another index has no such question to ask: there a version must be given. */
export async function newestPypiVersion(name: string, io: CommandIo): Promise<string> {
  const next = 'give an exact version: `--pypi PACKAGE==VERSION`';
  const other = ['PIP_INDEX_URL', 'UV_INDEX_URL', 'UV_DEFAULT_INDEX'].find((variable) => io.env[variable]);
  if (other !== undefined)
    throw new AppError('usage', `\`--pypi ${name}\` needs a version, since ${other} names an index`, { next });
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const response = await fetch(`https://pypi.org/pypi/${encodeURIComponent(name)}/json`, { signal }).catch(
    (cause: unknown) => {
      if (io.signal.aborted) throw new AppError('canceled', 'interrupted');
      throw new AppError('install_failed', `pypi.org cannot be asked for \`${name}\``, { cause, next });
    },
  );
  if (response.status === 404)
    throw new AppError('not_found', `pypi.org has no package \`${name}\``, { next: 'check the name' });
  const project = PypiProject.safeParse(await response.json().catch(() => undefined));
  if (project.success) return project.data.info.version;
  throw new AppError('install_failed', `pypi.org did not tell the version of \`${name}\``, { next });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
