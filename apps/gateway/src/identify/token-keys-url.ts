import { AppError, SessionTokenKeys } from '@mcp-runtime/api';
import { type Clock, type Logger, closeOnce, isLoopbackAddress } from '@mcp-runtime/base';
import { fetchJson } from '../outbound/fetch-json.ts';
import { ANYWHERE } from '../outbound/reach.ts';
import { type FollowedTokenKeys } from './token-keys.ts';

interface KeysUrlOptions {
  /** Such as that of the platform API, `JWKS_PATH`. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const POLL_MS = 60_000;
/** How long keys still count while they cannot be read. */
const STALE_MS = 60 * 60_000;
/** Tokens with made-up key ids must not make the gateway ask at every request. */
const BETWEEN_READS_MS = 5000;
const NEVER = Number.NEGATIVE_INFINITY;

/**
 * The keys at a URL, read every minute and for a key that is missing. Starts also when they cannot be read yet.
 * Rejects with AppError `invalid_config` when somebody on the way could give other keys.
 */
export async function pollTokenKeysUrl({ url: text, clock, log }: KeysUrlOptions): Promise<FollowedTokenKeys> {
  const url = keysUrl(text);
  const ending = new AbortController();
  let known: SessionTokenKeys | undefined;
  let seen = '';
  let fault: string | undefined;
  const at = { read: NEVER, asked: NEVER };
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    at.asked = clock();
    try {
      // The operator chose the URL, so its host may be anywhere.
      const keys = SessionTokenKeys.parse(await fetchJson(url, { reach: ANYWHERE, signal: ending.signal }));
      at.read = clock();
      // The same keys stay the same object: who remembers what they proved need not forget it.
      if (JSON.stringify(keys) !== seen) known = keys;
      seen = JSON.stringify(keys);
      fault = undefined;
    } catch (error) {
      fault = String(error);
      if (!ending.signal.aborted)
        log.warn('the keys of session tokens cannot be read', { url: url.href, error: fault });
    } finally {
      reading = undefined;
    }
  }

  const current = (): SessionTokenKeys | undefined => (clock() - at.read < STALE_MS ? known : undefined);
  await (reading = read());
  const timer = setInterval(() => void (reading ??= read()), POLL_MS);
  timer.unref();
  return {
    ...closeOnce(async () => {
      clearInterval(timer);
      ending.abort();
    }),
    current,
    newer: async () => {
      if (reading !== undefined || clock() - at.asked >= BETWEEN_READS_MS) await (reading ??= read());
      return current();
    },
    fault: () => fault,
  };
}

function keysUrl(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackAddress(url.hostname))) return url;
  throw new AppError('invalid_config', `\`${text}\` is not an https URL, or an http one of this machine`, {
    next: 'give --jwks a file, or an https URL',
  });
}
