import { type AppError } from '@mcp-runtime/api';
import { type Standing } from './standing.ts';

/** What came of a question: the JSON text of a result, or what the client said instead. */
export type Reaction = { readonly result: string } | { readonly refusal: string };

/** What a replica remembers of a session beside what the session id holds. Lost with the replica, and unknown to others. */
export interface LiveSession {
  readonly key: string;
  /** Set by `logging/setLevel`. */
  logLevel: string | undefined;
  /** Resources that the client wants to hear about. */
  readonly uris: Set<string>;
  /** The GET stream and what is heard for it. */
  standing: Standing | undefined;
  /** Open questions, by the id that the client was given. */
  readonly asked: Map<string, (reaction: Reaction) => void>;
  /** Open requests of the client, by the JSON text of their id. */
  readonly calls: Map<string, (reason: AppError) => void>;
}

export interface LiveSessions {
  /** Undefined for a session that has ended. */
  find(key: string): LiveSession | undefined;
  /** The session does not exist any more here. */
  end(key: string): void;
  all(): Iterable<LiveSession>;
}

/** More than these are forgotten, the least used first, unless something is going on in them. */
const MAX_REMEMBERED = 10_000;
const MAX_ENDED = 10_000;

export function createLiveSessions(): LiveSessions {
  const live = new Map<string, LiveSession>();
  const ended = new Set<string>();

  function forgetQuiet(): void {
    for (const [key, session] of live) {
      if (live.size <= MAX_REMEMBERED) return;
      if (session.standing === undefined && session.calls.size === 0) live.delete(key);
    }
  }

  return {
    find: (key) => {
      if (ended.has(key)) return undefined;
      const session = live.get(key) ?? newSession(key);
      live.delete(key);
      live.set(key, session);
      if (live.size > MAX_REMEMBERED) forgetQuiet();
      return session;
    },
    end: (key) => {
      live.delete(key);
      ended.add(key);
      const [oldest] = ended;
      if (ended.size > MAX_ENDED && oldest !== undefined) ended.delete(oldest);
    },
    all: () => live.values(),
  };
}

function newSession(key: string): LiveSession {
  return { key, logLevel: undefined, uris: new Set(), standing: undefined, asked: new Map(), calls: new Map() };
}
