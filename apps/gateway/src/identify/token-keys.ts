import { type SessionTokenKeys } from '@mcp-runtime/api';
import { type Running } from '@mcp-runtime/base';

/** Where the public keys of session tokens come from. */
export interface TokenKeySource {
  /** Undefined until keys have arrived, and when they are too old to count: then no session token does. */
  current(): SessionTokenKeys | undefined;
  /** For a key that is missing: looks again, unless that was done a moment ago. */
  newer(): Promise<SessionTokenKeys | undefined>;
}

/** Keys that are read again while the gateway serves. */
export interface FollowedTokenKeys extends TokenKeySource, Running {
  /** Why the keys as they are now are not in force; those before them are, as long as they count. */
  fault(): string | undefined;
}

export interface TokenKeyHolder extends TokenKeySource {
  /** Replaces the keys; the next token is verified by the new ones. */
  publish(keys: SessionTokenKeys): void;
}

/** Keys that somebody hands over; none until then unless given. */
export function holdTokenKeys(first?: SessionTokenKeys): TokenKeyHolder {
  let current = first;
  return {
    current: () => current,
    newer: async () => current,
    publish: (keys) => {
      current = keys;
    },
  };
}
