import { type ChildProcessWithoutNullStreams } from 'node:child_process';
import { type ErrorCode, type ObjectKey, type ResolvedServer, type Source } from '@mcp-runtime/api';
import { type BackoffPolicy, type Clock, type Logger, type Running } from '@mcp-runtime/base';

/** What to run. Plain data: two that are deeply equal are the same server. */
export interface HostServer {
  readonly key: ObjectKey;
  readonly source: Source;
  readonly transport: 'http' | 'stdio';
  /** Declared variables. The runtime's own (`PORT`, `HOST`, `MCP_PATH`, the instance marker) win over them. */
  readonly env: Readonly<Record<string, string>>;
  /** Path at which the server answers, with a leading slash. */
  readonly mcpPath: string;
  readonly bridge: ResolvedServer['bridge'];
  /** Most resident memory of all its processes together, bytes. It is ended and started again when it uses more. */
  readonly memoryLimitBytes?: number;
}

export type HostState =
  | { readonly phase: 'preparing'; readonly message: string }
  | {
      readonly phase: 'running';
      readonly upstreamUrl: string;
      readonly pids: readonly number[];
      readonly restarts: number;
    }
  | {
      readonly phase: 'backing-off';
      readonly code: ErrorCode;
      readonly message: string;
      readonly restarts: number;
      readonly retryAtMs: number;
    }
  /** Stays until the server is changed. */
  | { readonly phase: 'failed'; readonly code: ErrorCode; readonly message: string; readonly next?: string }
  | { readonly phase: 'stopped' };

export interface Host extends Running {
  /** Makes it run as given. The same server again changes nothing; a different one replaces the old, which ends first. */
  ensure(server: HostServer): void;
  /** Resolves when no process of the server is left. Its folder stays. An unknown key is not an error. */
  remove(key: ObjectKey): Promise<void>;
  state(key: ObjectKey): HostState | undefined;
  /** The newest `tail` lines, oldest first, each `<ISO time> <text>`. Works for servers of earlier runs too. */
  logs(key: ObjectKey, options: { readonly tail: number }): Promise<readonly string[]>;
  /** Lines from now on, in the form of `logs`, until `signal` aborts. */
  followLogs(key: ObjectKey, options: FollowOptions): void;
}

export interface FollowOptions {
  readonly signal: AbortSignal;
  onLine(line: string): void;
}

/** Starts a program in a process group of its own that the watchdog knows. No shell. */
export type SpawnChild = (
  command: string,
  args: readonly string[],
  place: SpawnPlace,
) => ChildProcessWithoutNullStreams;

export interface SpawnPlace {
  /** Whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export interface BridgeRequest extends SpawnPlace {
  readonly command: string;
  readonly args: readonly string[];
  readonly path: string;
  readonly process: 'per-session' | 'shared';
  readonly maxSessions: number;
  /** The only way to start children: ones that were started otherwise would outlive the runtime. */
  readonly spawn: SpawnChild;
  onStderr(line: string): void;
}

/** A stdio server served as Streamable HTTP. Resolves when it listens. */
export type StartBridge = (request: BridgeRequest) => Promise<StartedBridge>;

export interface StartedBridge {
  readonly url: string;
  pids(): readonly number[];
  close(): Promise<void>;
}

export interface HostOptions {
  /** Used by one runtime at a time: processes that an earlier run left are ended at the start. */
  readonly dataDir: string;
  /** Tells hosts on the same folder apart; the same in every run. */
  readonly instance: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** To find and configure tools: PATH, HOME, proxies, npm and pip settings. Servers get its PATH and LANG only. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folders whose `node_modules` is searched before anything is installed. */
  readonly packageRoots?: readonly string[];
  readonly startBridge: StartBridge;
  /**
   * How processes end that a killed runtime leaves: `watched` by a program of their own, also when absent; `contained` in a
   * container, with which they end.
   */
  readonly orphans?: 'watched' | 'contained';
  /** Waits between restarts; 0.5 s doubling to 30 s unless given. */
  readonly backoff?: BackoffPolicy;
  onChange(key: ObjectKey, state: HostState): void;
  /** What is being prepared, for people. */
  onProgress?(key: ObjectKey, text: string): void;
}
