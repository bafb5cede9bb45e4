import { type Place, type SealKeys, boundTo, createSeal } from './seal.ts';

/** Where an MCP session belongs: it opens nowhere else and for nobody else. */
export type SessionPlace = Place;

/**
 * Session ids that carry the server's own one, encrypted and authenticated, so that every replica with the key serves them.
 * An MCP session id is no credential (MCP 2025-11-25, "Security best practices"): used by somebody else, at another server,
 * after its key was retired or changed by a byte, it is one that does not exist.
 */
export interface SessionSeal {
  seal(sessionId: string, place: SessionPlace): string;
  open(sealed: string, place: SessionPlace): string | undefined;
}

const REMEMBERED = 2048;

export function createSessionSeal(keys: SealKeys): SessionSeal {
  const sealing = createSeal(keys);
  /** What was opened under these keys, by id and place: a client sends the same id with every request. */
  let opened = { under: keys.current(), sessions: new Map<string, string>() };

  function open(sealed: string, place: SessionPlace): string | undefined {
    const bound = boundTo(place);
    const id = bound.toString('utf8') + sealed;
    if (opened.under !== keys.current()) opened = { under: keys.current(), sessions: new Map() };
    const known = opened.sessions.get(id);
    if (known !== undefined) return known;
    const session = sealing.open(sealed, bound);
    if (session === undefined) return undefined;
    if (opened.sessions.size >= REMEMBERED) opened.sessions.clear();
    opened.sessions.set(id, session);
    return session;
  }

  return { seal: (sessionId, place) => sealing.seal(sessionId, boundTo(place)), open };
}
