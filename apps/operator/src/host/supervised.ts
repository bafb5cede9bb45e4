import { type ObjectKey } from '@mcp-runtime/api';
import { type BackoffPolicy, type Clock } from '@mcp-runtime/base';
import { type Children } from './children.ts';
import { type BaseEnvironment, prepareFolder, serverFolder } from './environment.ts';
import { type Installer } from './install.ts';
import { type Ports } from './loopback.ts';
import { type HostServer, type HostState, type StartBridge } from './port.ts';
import { type ProgramPlaces, resolveProgram } from './program.ts';
import { startRun } from './run.ts';
import { type ServerLog } from './server-log.ts';
import { supervise } from './supervise.ts';

/** One server in the care of the host. */
export interface Supervised {
  readonly server: HostServer;
  readonly stopping: boolean;
  state(): HostState;
  /** Resolves when no process of it is left. */
  stop(): Promise<void>;
}

/** What all servers of a host share. */
export interface HostParts {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly backoff: BackoffPolicy;
  readonly children: Children;
  readonly installer: Installer;
  readonly places: ProgramPlaces;
  readonly ports: Ports;
  readonly base: BaseEnvironment;
  readonly startBridge: StartBridge;
  onState(key: ObjectKey, state: HostState): void;
}

/** Keeps `server` running, once `before`, whose place it takes, has ended. */
export function superviseServer(
  server: HostServer,
  before: Supervised | undefined,
  output: ServerLog,
  parts: HostParts,
): Supervised {
  const stop = new AbortController();
  const folder = serverFolder(parts.dataDir, server.key);
  let state = (): HostState => ({ phase: 'preparing', message: 'starting' });

  let written = '';

  function report(next: () => HostState): void {
    state = next;
    const now = next();
    const line = describe(now);
    if (line !== written) output.write(`[runtime] ${line}`);
    written = line;
    parts.onState(server.key, now);
  }

  async function run(): Promise<void> {
    await before?.stop();
    await supervise(
      server,
      {
        clock: parts.clock,
        backoff: parts.backoff,
        prepare: () => resolveProgram(server.source, parts.installer, parts.places),
        start: async (program, signal) => {
          await prepareFolder(folder);
          return startRun(server, program, { ...parts, folder, output }, signal);
        },
        report,
      },
      stop.signal,
    );
  }

  const ended = run();
  return {
    server,
    get stopping() {
      return stop.signal.aborted;
    },
    state: () => state(),
    stop: () => {
      stop.abort();
      return ended;
    },
  };
}

function describe(state: HostState): string {
  if (state.phase === 'preparing') return state.message;
  if (state.phase === 'running') return `running at ${state.upstreamUrl}`;
  return state.phase === 'stopped' ? 'stopped' : `${state.phase}: ${state.message}`;
}
