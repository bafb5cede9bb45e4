import { HEADERS } from '@mcp-runtime/api';
import { isBridgedSession } from '../eras/legacy-to-modern/session.ts';
import { type Endpoint, type Endpoints, readPlaced } from './endpoints.ts';
import { type Exchange, placeOf } from '../exchange.ts';
import { sessionIdOf } from '../headers.ts';
import { type SessionSeal } from '../seal/session-seal.ts';

/**
 * Finds the server's own session, and the endpoint that holds it, in the id that the caller sent. False when that is one that
 * does not exist, or not any more: then a client initialises again (MCP 2025-11-25, "Session Management").
 */
export function openSession(exchange: Exchange, seal: SessionSeal): boolean {
  const sessionId = sessionIdOf(exchange);
  const place = placeOf(exchange);
  if (sessionId === undefined || place === undefined) return true;
  const text = seal.open(sessionId, place);
  if (text === undefined) return false;
  const { endpoints } = exchange.route;
  const { id, endpoint } = readPlaced(text, endpoints);
  exchange.upstreamSession = id;
  if (endpoints === undefined || endpoint === undefined) return true;
  exchange.endpoint = endpoints.find(endpoint);
  // What the gateway itself keeps is known to no endpoint: any other one serves it.
  return exchange.endpoint !== undefined || isBridgedSession(id);
}

/** Where an exchange goes; undefined while there is nothing that could serve it. */
export function targetOf(exchange: Exchange): URL | undefined {
  const { endpoints, upstream } = exchange.route;
  if (endpoints === undefined) return upstream;
  exchange.endpoint ??= pickFor(exchange, endpoints);
  return exchange.endpoint?.url;
}

/** Names a server that sleeps, for what may wake it; nobody is woken to be looked at. */
export function sleepingTarget({ route, caller }: Exchange): URL | undefined {
  return route.sleeper === undefined || caller.source === 'probe' ? undefined : route.upstream;
}

/** Another endpoint for an exchange that could not reach its own, unless it belongs to that one. */
export function otherEndpoint(exchange: Exchange): Endpoint | undefined {
  const { route, endpoint, upstreamSession, tasks } = exchange;
  const isBound = upstreamSession !== undefined || (tasks?.size ?? 0) > 0;
  return isBound || route.endpoints === undefined ? undefined : pickFor(exchange, route.endpoints, endpoint);
}

const TRACK = HEADERS.rolloutTrack.toLowerCase();

/** The runtime's own check looks at the version that it names. No caller chooses. */
function pickFor({ caller, request }: Exchange, endpoints: Endpoints, except?: Endpoint): Endpoint | undefined {
  const track = caller.source === 'probe' ? request.headers[TRACK] : undefined;
  return typeof track === 'string' ? endpoints.pickOn(track, except) : endpoints.pick(except);
}
