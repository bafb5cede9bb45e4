import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@mcp-runtime/api';
import { type CommandIo } from '../frame/command.ts';

/** Names of the files in the data folder that others read. */
export const RUNTIME_FILE = 'runtime.json';
export const ADMIN_TOKEN_FILE = 'admin.token';

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

interface TargetFlags {
  readonly 'api-url': string | undefined;
  readonly 'data-dir': string | undefined;
}

/** @throws AppError `service_unavailable` when no runtime is known, `unauthorized` when its credential is not readable. */
export async function findTarget(flags: TargetFlags, env: CommandIo['env']): Promise<Target> {
  const given = flags['api-url'] ?? env['MCP_PLATFORM_API_URL'];
  const token = env['MCP_PLATFORM_API_TOKEN'];
  if (given !== undefined && token !== undefined) return { apiUrl: given, token };
  const dataDir = dataDirOf(flags['data-dir'], env);
  const apiUrl = given ?? (await readRuntimeFile(dataDir)).apiUrl;
  return { apiUrl, token: token ?? (await readToken(dataDir)) };
}

export interface RuntimeFile {
  readonly pid: number;
  readonly instance: string;
  readonly apiUrl: string;
  readonly gatewayUrl: string;
}

export async function readRuntimeFile(dataDir: string): Promise<RuntimeFile> {
  try {
    return JSON.parse(await readFile(join(dataDir, RUNTIME_FILE), 'utf8'));
  } catch {
    throw new AppError('service_unavailable', `no runtime runs with the data folder \`${dataDir}\``, { next: 'mcp-runtime up' });
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
