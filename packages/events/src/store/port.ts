import { type AuditEvent, type VerifyResult } from '@mcp-runtime/api';
import { type Running } from '@mcp-runtime/base';
import { type SpoolRecord } from '../chain.ts';

/** Which events; every field given must match exactly. */
export interface EventFilter {
  /** RFC 3339; events at this time or later. */
  readonly from?: string;
  /** RFC 3339; events before this time. */
  readonly to?: string;
  readonly server?: string;
  readonly namespace?: string;
  readonly tool?: string;
  readonly human?: string;
  readonly agent?: string;
  readonly decision?: 'allow' | 'deny';
  /** At most this many events, 1 to 1000. */
  readonly limit: number;
  /** Goes on behind the event of this cursor, in the same order. */
  readonly cursor?: string;
  /** By the time of the event, `newest` first unless given. */
  readonly order?: 'newest' | 'oldest';
}

export interface StoredEvent {
  readonly cursor: string;
  readonly event: AuditEvent;
}

export interface EventPage {
  readonly events: readonly StoredEvent[];
  readonly hasMore: boolean;
  /** Of the last event, when there are more. */
  readonly nextCursor?: string;
}

/** Durable, searchable copy of the chains of all writers. */
export interface EventStore extends Running {
  /**
   * Stores all or none, durably, and resolves to how many were new: a record stored before is skipped.
   * @throws AppError `data_corrupt` when a record does not continue its chain or differs from the stored one;
   * `data_in_use` when another process holds the store; `disk_full`.
   */
  insert(records: readonly SpoolRecord[]): Promise<number>;
  /**
   * Following the cursors gives every event once; what is stored meanwhile may be left out.
   * @throws AppError `invalid_request` for a time, limit or cursor that is none.
   */
  query(filter: EventFilter): Promise<EventPage>;
  count(): Promise<number>;
  /** Number of the last record stored of a writer, 0 when there is none. */
  head(writer: string): Promise<number>;
  /**
   * Recomputes every hash over the stored text and compares columns and recorded heads with it. Works in
   * slices, so it may run beside everything else. Stops at the first fault of any writer.
   */
  verify(): Promise<VerifyResult>;
}
