import { type Clock, type Logger, type Running } from '@mcp-runtime/base';
import { type SpoolRecord } from '../chain.ts';
import { type EventSink } from '../sink.ts';

/** The append-only log of one writer. Closing writes what is waiting first. */
export interface Spool extends EventSink, Running {
  readonly writer: string;
  /** The last record written; `seq` is 0 when there is none. */
  head(): { seq: number; hash: string };
  /** What is in the spool behind record `stored`, which is 0 where nothing moves records on. */
  backlog(stored: number): Backlog;
}

/**
 * `always`: an append waits for the disk as well. `interval`: the disk is asked once a second. `on-rotate` (default): only
 * finished segments are synced.
 */
export type Fsync = 'always' | 'interval' | 'on-rotate';

export interface Backlog {
  readonly records: number;
  readonly bytes: number;
  /** When the oldest of them was written, milliseconds since the epoch; undefined when there are none. */
  readonly oldestAt: number | undefined;
  /** Events that could not be written, since the spool was opened. */
  readonly lost: number;
}

export interface SpoolOptions {
  /** Folder of the spool; each writer has a folder in it, in which one process writes at a time. */
  readonly dir: string;
  /** Letters, digits, `.`, `_` and `-`. */
  readonly writer: string;
  readonly clock: Clock;
  /** How long to wait for another process to leave the writer, milliseconds. Not at all unless given. */
  readonly lockWaitMs?: number;
  /** A segment that has reached this size is followed by a new one. 16 MiB unless given. */
  readonly segmentBytes?: number;
  readonly fsync?: Fsync;
  /**
   * Bytes of the writer's segments beyond which nothing is written: what is older is never given up for what is newer. What
   * a shipper has stored makes room. No limit unless given.
   */
  readonly maxBytes?: number;
  readonly log: Logger;
  /** Told of each record once its append is as durable as `fsync` says, in order. Must not throw. */
  readonly onDurable?: (record: SpoolRecord) => void;
}
