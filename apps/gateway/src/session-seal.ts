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

export function createSessionSeal(keys: SealKeys): SessionSeal {
  const sealing = createSeal(keys);
  return {
    seal: (sessionId, place) => sealing.seal(sessionId, boundTo(place)),
    open: (sealed, place) => sealing.open(sealed, boundTo(place)),
  };
}
