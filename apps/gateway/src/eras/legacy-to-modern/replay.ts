import { randomBytes } from 'node:crypto';
import { type Clock } from '@mcp-runtime/base';
import { type EventKeeper } from '../outlet.ts';

/** Where a client goes on. */
export interface Resumed {
  /** Events after the one that the client had, oldest first. */
  readonly missed: readonly KeptEvent[];
  /** Calls back for each that follows and once at the end; at once where it has ended. Returns how to stop. */
  follow(onEvent: (event: KeptEvent) => void, onEnd: () => void): () => void;
}

export interface KeptEvent {
  readonly id: string;
  readonly data: string;
}

/** Events of answers, kept for clients that lost the connection (MCP 2025-11-25, "Resumability and redelivery"). */
export interface Replays {
  /** `mayResume` is asked again before anything is given out. */
  open(session: string, mayResume: () => boolean): EventKeeper;
  /** Undefined for an event of another session, one that is not kept any more, and one that never was. */
  find(session: string, eventId: string): Resumed | undefined;
  /** Drops what is kept for a session. */
  forget(session: string): void;
}

interface Kept {
  readonly session: string;
  readonly mayResume: () => boolean;
  readonly events: (KeptEvent & { readonly n: number })[];
  readonly followers: Set<{ readonly onEvent: (event: KeptEvent) => void; readonly onEnd: () => void }>;
  next: number;
  bytes: number;
  /** Milliseconds since the epoch; undefined while it goes on. */
  endedAt: number | undefined;
}

interface ReplayLimits {
  readonly maxStreamBytes: number;
  /** Of all streams together; the oldest of those that have ended go first. */
  readonly maxBytes: number;
  /** For how long an answer is kept after its end, milliseconds. */
  readonly keepMs: number;
}

const STREAM_ID_BYTES = 12;

export function createReplays({ maxStreamBytes, maxBytes, keepMs }: ReplayLimits, clock: Clock): Replays {
  const streams = new Map<string, Kept>();
  let total = 0;

  function remove(id: string, kept: Kept): void {
    if (!streams.delete(id)) return;
    total -= kept.bytes;
    for (const { onEnd } of kept.followers) onEnd();
    kept.followers.clear();
  }

  function makeRoom(): void {
    for (const [id, kept] of streams) {
      const isOld = kept.endedAt !== undefined && kept.endedAt + keepMs <= clock();
      if (isOld || (total > maxBytes && kept.endedAt !== undefined)) remove(id, kept);
    }
  }

  function keep(id: string, kept: Kept, data: string): string {
    const event = { n: kept.next, id: `${id}.${kept.next}`, data };
    kept.next += 1;
    if (!streams.has(id)) return event.id;
    kept.events.push(event);
    kept.bytes += data.length;
    total += data.length;
    while (kept.bytes > maxStreamBytes) {
      const { length } = kept.events.shift()?.data ?? { length: kept.bytes };
      kept.bytes -= length;
      total -= length;
    }
    for (const { onEvent } of kept.followers) onEvent(event);
    return event.id;
  }

  return {
    open: (session, mayResume) => {
      makeRoom();
      const id = randomBytes(STREAM_ID_BYTES).toString('base64url');
      const kept: Kept = {
        session,
        mayResume,
        events: [],
        followers: new Set(),
        next: 0,
        bytes: 0,
        endedAt: undefined,
      };
      streams.set(id, kept);
      return {
        keep: (data) => keep(id, kept, data),
        end: () => {
          kept.endedAt = clock();
          for (const { onEnd } of kept.followers) onEnd();
          kept.followers.clear();
          makeRoom();
        },
        drop: () => remove(id, kept),
      };
    },
    find: (session, eventId) => {
      const [id = '', at = ''] = eventId.split('.');
      const kept = streams.get(id);
      if (kept === undefined || kept.session !== session || !/^\d{1,15}$/.test(at)) return undefined;
      if (!kept.mayResume()) {
        remove(id, kept);
        return undefined;
      }
      const seen = Number(at);
      const [oldest] = kept.events;
      const isGap = (oldest?.n ?? kept.next) > seen + 1;
      if (seen >= kept.next || isGap) return undefined;
      return {
        missed: kept.events.filter(({ n }) => n > seen),
        follow: (onEvent, onEnd) => {
          if (kept.endedAt !== undefined) {
            onEnd();
            return () => {};
          }
          const follower = { onEvent, onEnd };
          kept.followers.add(follower);
          return () => void kept.followers.delete(follower);
        },
      };
    },
    forget: (session) => {
      for (const [id, kept] of streams) if (kept.session === session) remove(id, kept);
    },
  };
}
