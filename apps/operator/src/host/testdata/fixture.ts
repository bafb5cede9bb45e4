import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { keyText } from '@mcp-runtime/api';
import { silentLogger, systemClock } from '@mcp-runtime/base';
import { type Host, type HostOptions, type HostServer, type HostState, type StartBridge, startHost } from '../index.ts';

/** The checkout, whose `node_modules` holds published servers. */
export const CHECKOUT = fileURLToPath(new URL('../../../../..', import.meta.url));

export interface OpenedHost extends AsyncDisposable {
  readonly host: Host;
  readonly dataDir: string;
  /** `namespace/name phase`, in the order they came. */
  readonly changes: readonly string[];
  readonly states: readonly HostState[];
  until(server: HostServer, matches: (state: HostState) => boolean): Promise<HostState>;
  untilRunning(server: HostServer): Promise<Extract<HostState, { phase: 'running' }>>;
}

export async function openHost(options: Partial<HostOptions> = {}): Promise<OpenedHost> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'host-')));
  const changes: string[] = [];
  const states: HostState[] = [];
  const host = await startHost({
    dataDir,
    instance: 'test',
    clock: systemClock,
    log: silentLogger,
    env: process.env,
    packageRoots: [CHECKOUT],
    startBridge: oneChildBridge,
    backoff: { initialMs: 20, factor: 2, maxMs: 100 },
    onChange: (key, state) => {
      changes.push(`${keyText(key)} ${state.phase}`);
      states.push(state);
    },
    ...options,
  });
  const until: OpenedHost['until'] = async (server, matches) => {
    for (let waited = 0; waited < 20_000; waited += 10) {
      const state = host.state(server.key);
      if (state !== undefined && matches(state)) return state;
      await delay(10);
    }
    throw new Error(`still ${JSON.stringify(host.state(server.key))}`);
  };
  return {
    host,
    dataDir,
    changes,
    states,
    until,
    async untilRunning(server) {
      const state = await until(server, ({ phase }) => phase === 'running' || phase === 'failed');
      if (state.phase !== 'running') throw new Error(`is ${JSON.stringify(state)}`);
      return state;
    },
    async [Symbol.asyncDispose]() {
      await host.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** An HTTP server that runs `node -e script`. */
export function aServer(script: string, overrides: Partial<HostServer> = {}): HostServer {
  return {
    key: { namespace: 'team', name: 'echo' },
    source: { command: { command: process.execPath, args: ['-e', script] } },
    transport: 'http',
    env: {},
    mcpPath: '/mcp',
    bridge: { isolation: 'session', maxSessions: 4 },
    ...overrides,
  };
}

/** Answers each request with its environment, its arguments and its working folder. */
export const TELLS_ITSELF = `
  console.log('listening');
  require('node:http').createServer((request, response) =>
    response.end(JSON.stringify({ env: process.env, argv: process.argv, cwd: process.cwd(), url: request.url, pid: process.pid }))
  ).listen(Number(process.env.PORT), process.env.HOST);`;

/** The least that is a bridge: one child from the start, no HTTP. */
export const oneChildBridge: StartBridge = async ({ command, args, env, cwd, path, spawn, onStderr }) => {
  const child = spawn(command, args, { env, cwd });
  child.stdout.resume();
  child.stderr.setEncoding('utf8').on('data', (text: string) => text.trimEnd().split('\n').forEach(onStderr));
  const gone = once(child, 'exit').catch(() => {});
  return {
    url: `http://127.0.0.1:1${path}`,
    pids: () => (child.pid === undefined || child.exitCode !== null ? [] : [child.pid]),
    async close() {
      child.stdin.end();
      child.kill('SIGTERM');
      await gone;
    },
  };
};

/** The dead that nobody has reaped yet count as gone. */
export function isAlive(pid: number): boolean {
  if (process.platform !== 'linux') {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  }
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

export async function untilTrue(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 20) {
    if (await holds()) return;
    await delay(20);
  }
  throw new Error(`still not: ${what}`);
}
