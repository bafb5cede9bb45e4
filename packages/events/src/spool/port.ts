import { type Clock, type Logger, type Running } from '@mcp-runtime/base';
import { type SpoolRecord } from '../chain.ts';
import { type EventSink } from '../sink.ts';

/** The append-only log of one writer. Closing writes what is waiting first. */
export interface Spool extends EventSink, Running {
  readonly writer: string;
  /** The last record written; `seq` is 0 when there is none. */
  head(): { seq: number; hash: string };
}

export interface SpoolOptions {
  /** Folder of the spool; each writer has a folder in it. Only one process may open a writer at a time. */
  readonly dir: string;
  /** Letters, digits, `.`, `_` and `-`. */
  readonly writer: string;
  readonly clock: Clock;
  /** A segment that has reached this size is followed by a new one. 16 MiB unless given. */
  readonly segmentBytes?: number;
  /** `always`: an append waits for the disk as well. `on-rotate` (default): only finished segments are synced. */
  readonly fsync?: 'always' | 'on-rotate';
  readonly log: Logger;
  /** Told of each record once its append is as durable as `fsync` says, in order. Must not throw. */
  readonly onDurable?: (record: SpoolRecord) => void;
}
