import { type Running, closeOnce } from '@mcp-runtime/base';
import { asAppError } from '@mcp-runtime/api';
import { type Exchange } from '../exchange.ts';
import { type AnswerReceiver, type Upstream } from '../upstream/port.ts';
import { neverConnected, unsent } from '../upstream/unsent.ts';
import { createFirstTry } from './first-try.ts';
import { type Passage, type Way, standingHeaders } from './passage.ts';
import { type WayName, wayFor } from './spoken.ts';
import { type UpstreamEras } from './upstream-eras.ts';

/** A way between eras. It keeps sessions or calls, which end when it is closed. */
export interface Bridge extends Way, Running {}

export interface Bridges {
  /** Callers of MCP 2026-07-28 at servers of the revisions before. */
  readonly modernToLegacy?: Bridge;
  /** The other way round. `owns` tells, by the session that the caller uses, that it began on this way. */
  readonly legacyToModern?: Bridge & { owns(exchange: Exchange): boolean };
  /** Servers of HTTP+SSE (MCP 2024-11-05), as if they spoke Streamable HTTP with sessions. */
  readonly httpSse?: HttpSse;
}

/** `owns` tells, by a session id of the server, that it is one of these sessions. */
export interface HttpSse extends Upstream {
  owns(sessionId: string | undefined): boolean;
}

/** Every way to a server, and the choice between them. */
export interface Ways extends Way, Running {
  /** Told of an answer that an agreeing server would hardly give. */
  doubt(target: URL): void;
}

interface WaysParts {
  readonly upstream: Upstream;
  readonly eras: UpstreamEras;
  readonly bridges: Bridges;
}

/**
 * Sends exchanges on their way. Where caller and server speak the same era, that is the upstream client itself with the
 * caller's own bytes, after one look-up. Nothing is sent under an era that the server may not speak, with one exception: a
 * legacy message is, since a server of MCP 2026-07-28 refuses what has no envelope before it does anything
 * ("Streamable HTTP"); so a refusal is looked into (`first-try.ts`).
 */
export function createWays({ upstream, eras, bridges }: WaysParts): Ways {
  const direct: Way = { send: ({ target, request }, receiver) => upstream.send(target, request, receiver) };
  const { modernToLegacy, legacyToModern, httpSse } = bridges;
  const byName: Readonly<Record<WayName, Way>> = {
    direct,
    'modern-to-legacy': modernToLegacy ?? direct,
    'legacy-to-modern': legacyToModern ?? direct,
    'http-sse': httpSse === undefined ? direct : overHttpSse(httpSse),
  };
  const firstTry = createFirstTry({ direct, byName, eras });

  /** A caller of MCP 2026-07-28 waits until it is known what the server speaks: the other era might run its call. */
  function sendWhenKnown(passage: Passage, receiver: AnswerReceiver): () => void {
    let isGivenUp = false;
    let giveUp = (): void => {
      isGivenUp = true;
    };
    eras.learn(passage.target, standingHeaders(passage.request.headers)).then(
      (spoken) => {
        if (!isGivenUp) giveUp = byName[wayFor('modern', spoken) ?? 'direct'].send(passage, receiver);
      },
      (error: unknown) => {
        if (isGivenUp) return;
        const failure = asAppError(error);
        receiver.onFailure(neverConnected(failure) ? unsent(passage.request, failure) : failure);
      },
    );
    return () => giveUp();
  }

  return {
    send: (passage, receiver) => {
      const { exchange, target } = passage;
      if (legacyToModern?.owns(exchange) === true) return legacyToModern.send(passage, receiver);
      if (httpSse?.owns(exchange.upstreamSession) === true) return byName['http-sse'].send(passage, receiver);
      const { kind } = exchange.era;
      const way = wayFor(kind, eras.known(target));
      if (kind === 'modern')
        return way === undefined ? sendWhenKnown(passage, receiver) : byName[way].send(passage, receiver);
      const isOpening = exchange.message?.kind === 'request' && exchange.message.method === 'initialize';
      const isSettled = isOpening ? way !== undefined && way !== 'direct' : way !== undefined || isInSession(exchange);
      return isSettled ? byName[way ?? 'direct'].send(passage, receiver) : firstTry.send(passage, receiver);
    },
    doubt: (target) => eras.doubt(target),
    ...closeOnce(async () => {
      await Promise.all([modernToLegacy?.close(), legacyToModern?.close(), httpSse?.close()]);
    }),
  };
}

/** The server gave that session out, so it speaks what the session is in. */
function isInSession({ verb, upstreamSession }: Exchange): boolean {
  return verb !== 'POST' || upstreamSession !== undefined;
}

function overHttpSse(httpSse: HttpSse): Way {
  return { send: ({ target, request }, receiver) => httpSse.send(target, request, receiver) };
}
