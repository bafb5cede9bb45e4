import { type Clock, type Logger } from '@mcp-runtime/base';
import { type LocalJWKSet, createLocalJWKSet } from 'jose';
import { readIssuerKeys } from './oauth-discovery.ts';
import { type OauthClaims } from './oauth-claims.ts';

/** The keys of an issuer as they were read once. */
export interface IssuerKeys {
  readonly find: LocalJWKSet;
  /** Claims of tokens whose signature holds under these keys, by the hash of the token. */
  readonly verified: Map<string, OauthClaims>;
}

export interface Issuer {
  /** Undefined while the issuer cannot be read. */
  keys(): Promise<IssuerKeys | undefined>;
  /** For a key that is missing: reads again, unless that was done a moment ago. */
  newerKeys(): Promise<IssuerKeys | undefined>;
}

interface IssuerPorts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends reads that are in progress. */
  readonly signal: AbortSignal;
}

const FRESH_MS = 10 * 60_000;
/** How long keys still count while the issuer cannot be read. */
const STALE_MS = 60 * 60_000;
const AFTER_FAILURE_MS = 5000;
/** Tokens with made-up key ids must not make the gateway ask the issuer at every request. */
const BETWEEN_NEWER_MS = 30_000;
const NEVER = Number.NEGATIVE_INFINITY;

export function createIssuer(issuer: string, { clock, log, signal }: IssuerPorts): Issuer {
  let known: IssuerKeys | undefined;
  let reading: Promise<IssuerKeys | undefined> | undefined;
  const at = { read: NEVER, failed: NEVER, asked: NEVER };
  const isWithin = (since: number, ms: number): boolean => clock() - since < ms;

  async function readOnce(): Promise<IssuerKeys | undefined> {
    try {
      const keys = { find: createLocalJWKSet(await readIssuerKeys(issuer, signal)), verified: new Map() };
      known = keys;
      at.read = clock();
      return keys;
    } catch (error) {
      at.failed = clock();
      if (!signal.aborted) log.warn('the keys of an issuer cannot be read', { issuer, error: String(error) });
      return undefined;
    } finally {
      reading = undefined;
    }
  }

  return {
    keys: async () => {
      if (isWithin(at.read, FRESH_MS)) return known;
      const read = isWithin(at.failed, AFTER_FAILURE_MS) ? undefined : await (reading ??= readOnce());
      return read ?? (isWithin(at.read, STALE_MS) ? known : undefined);
    },
    newerKeys: () => {
      if (reading === undefined && isWithin(at.asked, BETWEEN_NEWER_MS)) return Promise.resolve(known);
      at.asked = clock();
      return (reading ??= readOnce());
    },
  };
}
