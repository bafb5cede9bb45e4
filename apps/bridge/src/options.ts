import { type Readable, type Writable } from 'node:stream';
import { type Clock, type ListenAddress, type Logger, type Running } from '@mcp-runtime/base';

export interface BridgeOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Whole environment of the child: nothing else is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Port 0 takes any free one. */
  readonly listen: ListenAddress;
  /** Path of the MCP endpoint, e.g. `/mcp`. */
  readonly path: string;
  /**
   * `per-session`: a process for each MCP session, with one started ahead. `shared`: one process for all sessions, ids
   * rewritten. Requests of the stateless era share one process of their own in both cases.
   */
  readonly process: 'per-session' | 'shared';
  readonly maxSessions: number;
  /** A session without an open request or stream for this long ends. */
  readonly idleTimeoutMs: number;
  /** Limit of one message in either direction. */
  readonly maxMessageBytes: number;
  /** `node:child_process` in a process group of its own, unless given. Never a shell. */
  readonly spawn?: SpawnChild;
  readonly log: Logger;
  readonly clock: Clock;
  /** Receives the child's standard error line by line; lines beyond 8 KiB are cut. */
  onStderr?(line: string): void;
}

export interface Bridge extends Running {
  /** Address of the MCP endpoint. */
  readonly url: string;
  /** Number of open sessions of the legacy era. */
  readonly sessions: () => number;
  /** Process ids of the children that have not ended, the one started ahead included. */
  readonly pids: () => readonly number[];
}

export type SpawnChild = (
  command: string,
  args: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly cwd: string },
) => SpawnedChild;

/** What the bridge uses of a `ChildProcess` whose three streams are pipes. */
export interface SpawnedChild {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly pid?: number | undefined;
  kill(signal: NodeJS.Signals): boolean;
  on(event: 'exit', listener: (code: number | null, signal: NodeJS.Signals | null) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}
