import { type AuditEvent } from '@mcp-runtime/api';

/** Where records go. The event room's spool is one. */
export interface AuditSink {
  /** Resolves when the record survives the end of this process. */
  append(event: AuditEvent): Promise<void>;
  state(): 'writable' | 'unwritable';
  /** Arguments with what looks secret left out. */
  readonly redact: (value: unknown) => unknown;
}
