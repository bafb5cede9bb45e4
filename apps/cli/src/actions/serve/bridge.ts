import { access, constants } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { AppError } from '@mcp-runtime/api';
import { systemClock } from '@mcp-runtime/base';
import { createLogger } from '@mcp-runtime/base/logger';
import { startBridge } from '@mcp-runtime/bridge';
import { type CommandIo, type Invocation } from '../../frame/command.ts';
import { parseAddress } from '../address.ts';
import { untilAborted } from '../until-aborted.ts';

interface Flags {
  readonly listen: string;
  readonly isolation: string;
}

const MAX_SESSIONS = 64;
const IDLE_MS = 30 * 60_000;
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** Variables that the server gets: those that a program needs to find others and its user, and no secret of ours. */
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'USER'] as const;

export async function run({ flags, rest, io }: Invocation<Flags>): Promise<void> {
  const [command, ...args] = rest;
  if (command === undefined) {
    throw new AppError('usage', 'the command to run is missing', {
      next: 'mcp-runtime serve bridge -- npx -y @modelcontextprotocol/server-memory',
    });
  }
  // The bridge starts it for the first session only, and nobody would see why that one fails.
  if (!(await isProgram(command, io))) {
    throw new AppError('usage', `program \`${command}\` was not found`, {
      next: 'check its name; a name without `/` is looked up in PATH',
    });
  }
  await using bridge = await startBridge({
    command,
    args,
    env: Object.fromEntries(PASSED_ON.flatMap((name) => (io.env[name] === undefined ? [] : [[name, io.env[name]]]))),
    cwd: io.cwd,
    listen: parseAddress(flags.listen, '--listen'),
    path: '/mcp',
    process: flags.isolation === 'shared' ? 'shared' : 'per-session',
    maxSessions: MAX_SESSIONS,
    idleTimeoutMs: IDLE_MS,
    maxMessageBytes: MAX_MESSAGE_BYTES,
    log: createLogger({ level: 'warn' }),
    clock: systemClock,
    onStderr: (line) => io.stderr.write(`${line}\n`),
  });
  io.stdout.write(`bridge at ${bridge.url}\n`);
  await untilAborted(io.signal);
}

async function isProgram(command: string, { env, cwd }: Pick<CommandIo, 'env' | 'cwd'>): Promise<boolean> {
  const folders = command.includes('/') ? [''] : (env['PATH'] ?? '').split(delimiter);
  const found = await Promise.all(
    folders.map((folder) =>
      access(resolve(cwd, join(folder, command)), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
