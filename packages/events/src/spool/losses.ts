import { randomUUID } from 'node:crypto';
import { type AuditEvent, EVENT_TYPES, type ErrorCode, NO_EXCHANGE } from '@mcp-runtime/api';

interface Lost {
  readonly count: number;
  /** Why the first of them was lost. */
  readonly reason: ErrorCode;
  /** When that was, milliseconds since the epoch. */
  readonly since: number;
}

/** Counts events that could not be written, until a record of their number is (ADR 0019). */
export class Losses {
  #lost: Lost | undefined;
  #total = 0;

  note(count: number, reason: ErrorCode, now: number): void {
    if (count === 0) return;
    this.#total += count;
    const { count: before, ...first } = this.#lost ?? { count: 0, reason, since: now };
    this.#lost = { ...first, count: before + count };
  }

  /** Since the spool was opened. */
  get total(): number {
    return this.#total;
  }

  get unrecorded(): number {
    return this.#lost?.count ?? 0;
  }

  /** The record that stands where they would; undefined when there are none. Its time is that of the first. */
  event(source: string): AuditEvent | undefined {
    if (this.#lost === undefined) return undefined;
    const { count, reason, since } = this.#lost;
    const id = randomUUID();
    const payload = { ...NO_EXCHANGE, request_id: id, reason, count };
    return { id, timestamp: new Date(since).toISOString(), source, event_type: EVENT_TYPES.gap, payload };
  }

  onRecorded(): void {
    this.#lost = undefined;
  }
}
