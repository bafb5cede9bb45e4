import { type AuditEvent } from '@mcp-runtime/api';

export interface AuditBacklog {
  readonly records: number;
  readonly bytes: number;
  /** Milliseconds since the epoch; undefined when there are none. */
  readonly oldestAt: number | undefined;
  /** Records that could not be written, since the start. */
  readonly lost: number;
}

/** Where records go. The event room's spool is one. */
export interface AuditSink {
  /** Resolves when the record survives the end of this process. */
  append(event: AuditEvent): Promise<void>;
  state(): 'writable' | 'unwritable';
  /** What waits to be stored elsewhere; absent where nothing waits. */
  readonly backlog?: () => AuditBacklog;
  /** Arguments with what looks secret left out. */
  readonly redact: (value: unknown) => unknown;
}
