import { randomUUID } from 'node:crypto';
import {
  AppError,
  type SessionTokenAlgorithm,
  SessionTokenKey,
  type SessionTokenKeys,
  installationIssuer,
} from '@mcp-runtime/api';
import { type Clock, isRecord } from '@mcp-runtime/base';
import { z } from 'zod';
import { type KeyStorage } from './key-storage.ts';
import { type PrivateJwk, type SigningKey, newPrivateJwk, parsePrivateJwk, toSigningKey } from './signing-key.ts';

/** The keys of one installation: one signs, those before it still verify until they retire. */
export interface KeyRing {
  signingKey(): SigningKey;
  /** What verifiers are given: the issuer, and the public keys that count now. */
  publicKeys(): SessionTokenKeys;
  /**
   * Signs with a new key from now on. Resolves once that is stored and every listener was called; rejects with
   * `too_many_requests` while too many keys wait for their tokens to end.
   */
  rotate(options: RotateOptions): Promise<SessionTokenKeys>;
  /** Calls `listener` with the public keys after each rotation. */
  subscribe(listener: (keys: SessionTokenKeys) => void): void;
}

interface RotateOptions {
  readonly algorithm: SessionTokenAlgorithm;
  /** `after-tokens`: keys before it verify for as long as their tokens can live. `now`: those tokens are refused. */
  readonly retire: 'after-tokens' | 'now';
}

/** Longest life of a session token, and so of a key that signs no more. */
const LONGEST_TOKEN_SECONDS = 86_400;

/** Verifiers take key sets of 100. */
const MAX_RETIRING = 50;

const KeptRing = z.object({ issuer: z.string(), keys: z.tuple([z.unknown()], SessionTokenKey) });

interface Kept {
  readonly issuer: string;
  readonly signing: PrivateJwk;
  readonly retiring: readonly SessionTokenKey[];
}

/**
 * Reads the keys from a storage, or makes the first one there when it is empty.
 * @throws AppError `data_corrupt` when what is stored is no keys.
 */
export async function openKeyRing(storage: KeyStorage, clock: Clock): Promise<KeyRing> {
  let kept = (await read(storage)) ?? (await keep(storage, await firstKeys()));
  let signingKey = await toSigningKey(kept.signing, kept.issuer);
  let rotating: Promise<unknown> = Promise.resolve();
  const listeners: ((keys: SessionTokenKeys) => void)[] = [];
  const publicKeys = (): SessionTokenKeys => ({
    issuer: kept.issuer,
    keys: [SessionTokenKey.parse(kept.signing), ...stillCounting(kept.retiring, clock())],
  });
  async function rotate({ algorithm, retire }: RotateOptions): Promise<SessionTokenKeys> {
    const exp = Math.floor(clock() / 1000) + LONGEST_TOKEN_SECONDS;
    const [last, ...older] = publicKeys().keys;
    if (retire !== 'now' && older.length >= MAX_RETIRING) {
      throw new AppError('too_many_requests', `${MAX_RETIRING} keys wait for their tokens to end`, {
        next: 'wait, or refuse their tokens now: mcp-runtime access key rotate --retire-now',
      });
    }
    const retiring = retire === 'now' || last === undefined ? [] : [{ ...last, exp }, ...older];
    kept = await keep(storage, { issuer: kept.issuer, signing: await newPrivateJwk(algorithm), retiring });
    signingKey = await toSigningKey(kept.signing, kept.issuer);
    const keys = publicKeys();
    for (const listener of listeners) listener(keys);
    return keys;
  }

  return {
    signingKey: () => signingKey,
    publicKeys,
    subscribe: (listener) => void listeners.push(listener),
    // One after the other: each must know the key that the one before it made.
    rotate: (options) => {
      const rotated = rotating.then(() => rotate(options));
      rotating = rotated.catch(() => {});
      return rotated;
    },
  };
}

async function firstKeys(): Promise<Kept> {
  return { issuer: installationIssuer(randomUUID()), signing: await newPrivateJwk('EdDSA'), retiring: [] };
}

function stillCounting(keys: readonly SessionTokenKey[], nowMs: number): readonly SessionTokenKey[] {
  return keys.filter(({ exp }) => exp === undefined || exp * 1000 > nowMs);
}

/** The private half of a key that signs no more is not kept. */
async function keep(storage: KeyStorage, kept: Kept): Promise<Kept> {
  const { issuer, signing, retiring } = kept;
  await storage.write(`${JSON.stringify({ issuer, keys: [signing, ...retiring] })}\n`);
  return kept;
}

async function read(storage: KeyStorage): Promise<Kept | undefined> {
  const text = await storage.read();
  if (text === undefined) return undefined;
  try {
    return parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError('data_corrupt', `the signing key in ${storage.place} cannot be read`, {
      cause,
      next: 'restore it, or remove it to get a new key (session tokens issued so far stop working)',
    });
  }
}

function parse(value: unknown): Kept {
  // One key alone is what the first release kept; its random id names the installation.
  if (isRecord(value) && value['keys'] === undefined) {
    const signing = parsePrivateJwk(value);
    return { issuer: installationIssuer(signing.kid), signing, retiring: [] };
  }
  const { issuer, keys } = KeptRing.parse(value);
  const [signing, ...retiring] = keys;
  return { issuer, signing: parsePrivateJwk(signing), retiring };
}
