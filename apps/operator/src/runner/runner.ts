import { AppError, type RunnerInstructions } from '@mcp-runtime/api';
import { type Clock, type ListenAddress, type Logger, OpenedSoFar, type Running, closeOnce } from '@mcp-runtime/base';
import { type BridgeRequest, type HostServer, type HostState, type StartedBridge, startHost } from '../host/index.ts';
import { startForwarder } from './forwarder.ts';
import { splitEnvironment } from './instructions.ts';

export interface RunnerOptions {
  readonly instructions: RunnerInstructions;
  /** Environment of the container. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where packages are installed, and where the server keeps its files. */
  readonly dataDir: string;
  /** Folders whose `node_modules` is searched before anything is installed. */
  readonly packageRoots: readonly string[];
  readonly startBridge: (request: BridgeRequest, listen: ListenAddress) => Promise<StartedBridge>;
  readonly clock: Clock;
  readonly log: Logger;
  /** What the server writes, and what becomes of it. */
  onLine(line: string): void;
}

export interface Runner extends Running {
  /** Why it cannot go on, if that comes: only another pod helps. */
  readonly failed: Promise<AppError>;
}

const ALL_ADDRESSES = '0.0.0.0';

/** Keeps one server running in a container. Its port is open while the server answers, so that a probe of it says so. */
export async function startRunner(options: RunnerOptions): Promise<Runner> {
  const { instructions, clock, log } = options;
  const listen = { host: ALL_ADDRESSES, port: instructions.port };
  const { server, container } = splitEnvironment(options.env);
  const workload = workloadOf(instructions, instructions.environment === 'all' ? { ...container, ...server } : server);
  const failed = Promise.withResolvers<AppError>();
  const opened = new OpenedSoFar();
  const following = new AbortController();
  opened.add(() => following.abort());
  let front = Promise.resolve<Running | undefined>(undefined);

  // One after the other, in the order of the states: two fronts would ask for one port.
  function show(state: HostState): void {
    front = front.then(async (before) => {
      await before?.close();
      if (state.phase !== 'running' || workload.transport === 'stdio') return undefined;
      const { hostname, port } = new URL(state.upstreamUrl);
      return startForwarder({ listen, upstream: { host: hostname, port: Number(port) } });
    });
    front.catch((cause: unknown) =>
      failed.resolve(new AppError('port_in_use', `port ${listen.port} cannot be listened on`, { cause })),
    );
  }

  const host = await startHost({
    dataDir: options.dataDir,
    instance: 'runner',
    clock,
    log,
    env: container,
    packageRoots: options.packageRoots,
    orphans: 'contained',
    startBridge: (request) => options.startBridge(request, listen),
    onChange: (_, state) => {
      show(state);
      if (state.phase !== 'failed') return;
      const { code, message, next } = state;
      failed.resolve(new AppError(code, message, next === undefined ? {} : { next }));
    },
  });
  opened.add(() => host.close());
  opened.add(async () => (await front.catch(() => undefined))?.close());
  host.followLogs(workload.key, { signal: following.signal, onLine: (line) => options.onLine(withoutTime(line)) });
  host.ensure(workload);
  return { failed: failed.promise, ...closeOnce(() => opened.releaseAll()) };
}

function workloadOf(instructions: RunnerInstructions, env: HostServer['env']): HostServer {
  const { server: key, source, transport, mcp_path: mcpPath, bridge } = instructions;
  return {
    key,
    source,
    transport,
    env,
    mcpPath,
    bridge: { isolation: bridge.isolation, maxSessions: bridge.max_sessions },
  };
}

/** Lines of a container are stamped by who collects them. */
function withoutTime(line: string): string {
  return line.slice(line.indexOf(' ') + 1);
}
