import { type Clock, closeOnce } from '@mcp-runtime/base';
import { ANYWHERE } from '../outbound/reach.ts';
import { type ConnectRules, Connection, type ConnectionOwner } from './connection.ts';
import { type Upstream } from './port.ts';

interface Idle {
  readonly connection: Connection;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

export interface HttpUpstream extends Upstream {
  connections(): ConnectionCounts;
}

export interface ConnectionCounts {
  /** Since the start. */
  readonly opened: number;
  /** Now, with an exchange and without. */
  readonly busy: number;
  readonly idle: number;
}

const SWEEP_MS = 2000;

/**
 * Servers over HTTP/1.1 with kept-alive connections. There are as many connections as there are exchanges at once, which
 * the gateway bounds; a request is sent once and never again.
 */
export function createHttpUpstream(clock: Clock, rules: ConnectRules = { reach: ANYWHERE }): HttpUpstream {
  const all = new Set<Connection>();
  const idle = new Map<string, Idle[]>();
  let opened = 0;

  function ownerOf(origin: string): ConnectionOwner {
    return {
      onFree: (connection, keepMs) => {
        const free = idle.get(origin) ?? [];
        idle.set(origin, free);
        free.push({ connection, until: clock() + keepMs });
      },
      onGone: (connection) => {
        all.delete(connection);
        const free = idle.get(origin)?.filter((one) => one.connection !== connection);
        if (free !== undefined) idle.set(origin, free);
      },
    };
  }

  /** The one used last: the others may grow old. */
  function takeIdle(origin: string): Connection | undefined {
    const free = idle.get(origin) ?? [];
    for (let last = free.pop(); last !== undefined; last = free.pop()) {
      if (last.until > clock() && last.connection.isOpen) return last.connection;
      last.connection.destroy();
    }
    return undefined;
  }

  function open(target: URL): Connection {
    const connection = new Connection(target, ownerOf(target.origin), rules);
    all.add(connection);
    opened += 1;
    return connection;
  }

  function sweep(): void {
    const now = clock();
    for (const [origin, free] of idle) {
      for (const { connection } of free.filter(({ until }) => until <= now)) connection.destroy();
      const left = free.filter(({ until }) => until > now);
      if (left.length === 0) idle.delete(origin);
      else idle.set(origin, left);
    }
  }

  const sweeper = setInterval(sweep, SWEEP_MS).unref();
  const running = closeOnce(async () => {
    clearInterval(sweeper);
    for (const connection of all) connection.close();
  });
  return {
    ...running,
    connections: () => {
      const free = idle.values().reduce((sum, { length }) => sum + length, 0);
      return { opened, busy: all.size - free, idle: free };
    },
    send: (target, request, receiver) => (takeIdle(target.origin) ?? open(target)).send(target, request, receiver),
  };
}

export function sumOf(counts: readonly ConnectionCounts[]): ConnectionCounts {
  const sum = (of: keyof ConnectionCounts): number => counts.reduce((total, one) => total + one[of], 0);
  return { opened: sum('opened'), busy: sum('busy'), idle: sum('idle') };
}
