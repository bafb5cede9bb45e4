import { AppError, HEADERS, MCP_LEGACY_VERSIONS, asAppError } from '@mcp-runtime/api';
import { type Clock, type Logger, closeOnce } from '@mcp-runtime/base';
import { type Exchange } from '../../exchange.ts';
import { type AnswerReceiver, type Upstream } from '../../upstream/port.ts';
import { type Passage } from '../passage.ts';
import { type Bridge } from '../ways.ts';
import { initialize } from './initialize.ts';
import { createLiveSessions } from './live-sessions.ts';
import { Outlet } from '../outlet.ts';
import { takeReaction } from './reactions.ts';
import { createReplays } from './replay.ts';
import { cancelCall, serveRequest } from './requests.ts';
import { type Served, type ServingPorts, refuseRequest } from './served.ts';
import { isBridgedSession, readSession } from './session.ts';
import { serveGet } from './streams.ts';
import { createToolHeaders } from './tool-headers.ts';

export type BridgeLimits = ServingPorts['limits'];

interface LegacyToModernParts {
  readonly upstream: Pick<Upstream, 'send'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: Partial<BridgeLimits>;
}

const LIMITS: BridgeLimits = { maxMessageBytes: 16 * 1024 * 1024, questionTimeoutMs: 600_000, primeAfterMs: 2000 };
const REPLAY_LIMITS = { maxStreamBytes: 1024 * 1024, maxBytes: 64 * 1024 * 1024, keepMs: 60_000 };

/**
 * Serves legacy clients (MCP 2024-11-05 to 2025-11-25, over Streamable HTTP) from a server of MCP 2026-07-28: to the client
 * it is a legacy server with sessions. What was agreed on is in the session id; what a session has beside that is in the
 * memory of this replica (ADR 0013).
 */
export function createLegacyToModern(
  parts: LegacyToModernParts,
): Bridge & { owns(exchange: Pick<Exchange, 'upstreamSession'>): boolean } {
  const sessions = createLiveSessions();
  const replays = createReplays(REPLAY_LIMITS, parts.clock);
  const ports: ServingPorts = {
    ...parts,
    limits: { ...LIMITS, ...parts.limits },
    tools: createToolHeaders(parts.clock),
    replays,
    end: (live) => {
      sessions.end(live.key);
      replays.forget(live.key);
      for (const cancel of live.calls.values()) cancel(new AppError('canceled', 'the MCP session has ended'));
      live.standing?.close();
    },
  };

  function serve(passage: Passage, receiver: AnswerReceiver, abort: AbortController): void {
    const { exchange, request } = passage;
    if (exchange.message?.kind === 'request' && exchange.message.method === 'initialize') {
      initialize(passage, receiver, abort.signal, ports).catch((error: unknown) => {
        if (!abort.signal.aborted) receiver.onFailure(asAppError(error));
      });
      return;
    }
    const session = readSession(exchange.upstreamSession);
    const live = session === undefined ? undefined : sessions.find(session.key);
    const outlet = new Outlet(receiver);
    if (exchange.upstreamSession === undefined) refuseRequest(outlet, 400, 'the request names no MCP session');
    else if (session === undefined || live === undefined) refuseRequest(outlet, 404, 'session not found');
    else if (!isLegacyVersion(request.headers[VERSION_HEADER])) {
      refuseRequest(outlet, 400, `\`${HEADERS.mcpProtocolVersion}\` must be one of ${MCP_LEGACY_VERSIONS.join(', ')}`);
    } else serveSession({ passage, receiver, outlet, session, live, abort }, ports);
  }

  return {
    owns: ({ upstreamSession }) => isBridgedSession(upstreamSession),
    send: (passage, receiver) => {
      const abort = new AbortController();
      // The receiver hears nothing before it knows how to give up.
      queueMicrotask(() => {
        if (!abort.signal.aborted) serve(passage, receiver, abort);
      });
      return () => abort.abort(new AppError('canceled', 'the answer is not wanted any more'));
    },
    ...closeOnce(async () => {
      for (const live of sessions.all()) live.standing?.close();
    }),
  };
}

const VERSION_HEADER = HEADERS.mcpProtocolVersion.toLowerCase();

function isLegacyVersion(version: string | undefined): boolean {
  return version === undefined || MCP_LEGACY_VERSIONS.some((known) => known === version.trim());
}

function serveSession(served: Served, ports: ServingPorts): void {
  const { passage, outlet, live } = served;
  const { verb, message } = passage.exchange;
  if (verb === 'DELETE') {
    ports.end(live);
    outlet.reply(204, '');
  } else if (verb === 'GET') serveGet(served, ports);
  else if (message?.kind === 'request') serveRequest(served, message, ports);
  else if (message?.kind === 'response') takeReaction(served, message.id);
  else {
    if (message?.method === 'notifications/cancelled') cancelCall(live, message.params['requestId']);
    outlet.reply(202, '');
  }
}
