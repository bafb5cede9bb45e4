import { type AuditEvent } from '@mcp-runtime/api';

/** Where the audit event of an exchange goes before the exchange is answered. */
export interface EventSink {
  /**
   * Resolves when the event was handed to the operating system: killing the process loses nothing
   * (`fsync: 'always'` survives a power failure too). After a rejection the event may still be in the
   * log, never the other way round.
   * @throws AppError `disk_full`, or `audit_unavailable` for every other reason.
   */
  append(event: AuditEvent): Promise<void>;
  /** `unwritable` from a failed write until the next one that succeeds. */
  state(): 'writable' | 'unwritable';
}
