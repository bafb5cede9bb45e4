import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@mcp-runtime/api';
import { z } from 'zod';
import { type CommandIo } from '../frame/command.ts';

/** Names of the files in the data folder that others read. */
export const RUNTIME_FILE = 'runtime.json';
export const ADMIN_TOKEN_FILE = 'admin.token';

export interface TargetFlags {
  readonly 'api-url': string | undefined;
  readonly 'data-dir': string | undefined;
}

/** Where the platform API is and what opens it. */
export interface Target {
  readonly apiUrl: string;
  readonly token: string;
}

/** The folder of the local runtime: flag, then MCP_RUNTIME_DATA_DIR, then the XDG state folder. */
export function dataDirOf(flag: string | undefined, env: CommandIo['env']): string {
  const given = flag ?? env['MCP_RUNTIME_DATA_DIR'];
  if (given !== undefined && given !== '') return given;
  const state = env['XDG_STATE_HOME'];
  return join(state === undefined || state === '' ? join(homedir(), '.local', 'state') : state, 'mcp-runtime');
}

/**
 * The local credential goes to this machine only, whatever `--api-url` says.
 * @throws AppError `service_unavailable` when no runtime is known, `unauthorized` when there is no credential for it.
 */
export async function findTarget(flags: TargetFlags, env: CommandIo['env']): Promise<Target> {
  const given = flags['api-url'] ?? env['MCP_PLATFORM_API_URL'];
  const token = env['MCP_PLATFORM_API_TOKEN'];
  if (given !== undefined && token !== undefined) return { apiUrl: given, token };
  if (given !== undefined && !isLoopback(given))
    throw new AppError('unauthorized', `there is no credential for \`${given}\``, {
      next: 'set MCP_PLATFORM_API_TOKEN',
    });
  const dataDir = dataDirOf(flags['data-dir'], env);
  const apiUrl = given ?? (await readRuntimeFile(dataDir)).apiUrl;
  return { apiUrl, token: token ?? (await readToken(dataDir)) };
}

function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) throw new AppError('usage', `--api-url: found \`${url}\`, allowed: an http or https URL`);
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
}

const RuntimeFile = z.object({ pid: z.int().min(1), instance: z.string(), apiUrl: z.url(), gatewayUrl: z.string() });

export type RuntimeFile = Readonly<z.infer<typeof RuntimeFile>>;

/** @throws AppError `service_unavailable` when there is none. */
export async function readRuntimeFile(dataDir: string): Promise<RuntimeFile> {
  try {
    return RuntimeFile.parse(JSON.parse(await readFile(join(dataDir, RUNTIME_FILE), 'utf8')));
  } catch {
    throw new AppError('service_unavailable', `no runtime runs with the data folder \`${dataDir}\``, {
      next: 'mcp-runtime up',
    });
  }
}

async function readToken(dataDir: string): Promise<string> {
  try {
    return (await readFile(join(dataDir, ADMIN_TOKEN_FILE), 'utf8')).trim();
  } catch (cause) {
    throw new AppError('unauthorized', `the credential of the runtime in \`${dataDir}\` cannot be read`, {
      cause,
      next: 'run the command as the user who runs the runtime, or set MCP_PLATFORM_API_TOKEN',
    });
  }
}
