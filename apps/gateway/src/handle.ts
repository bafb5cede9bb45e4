import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type AppError, type ErrorCode, asAppError } from '@mcp-runtime/api';
import { type HostPolicy, isAllowedHost } from '@mcp-runtime/base';
import { readBatch } from '@mcp-runtime/mcp';
import { type Policy } from '@mcp-runtime/policy';
import { BatchAnswer } from './answer/batch.ts';
import { authorize } from './authorize.ts';
import { discardRest } from './bodies.ts';
import { type Denied, denialReply } from './denial.ts';
import { type Exchange, type Verb, isStream, openExchange, placeOf } from './exchange.ts';
import { forward } from './forward.ts';
import { identify } from './identify/identify.ts';
import { isResourceMetadata, resourceMetadataReply } from './identify/oauth-metadata.ts';
import { resourceUrl } from './identify/oauth-resource.ts';
import { hasJsonBody, inspect, isBatch, unreadable } from './inspect.ts';
import { admit } from './limits/admit.ts';
import { refuseUnrouted, sendUnrouted } from './listen/unrouted.ts';
import { SHUTTING_DOWN } from './open-exchanges.ts';
import { noPolicy, overtaken } from './overtaken.ts';
import { type GatewayParts } from './parts.ts';
import { recordEnding } from './record/ending.ts';
import { type Ending } from './record/event.ts';
import { type Refusal, type Reply, failureReply, refusalReply, sendReply } from './reply.ts';
import { hasTokenInQuery, isRepeated, lacksHost, pathOf } from './request-facts.ts';
import { openSession, sleepingTarget, targetOf } from './routes/placing.ts';
import { type Route } from './routes/route.ts';
import { pruneSubscription } from './subscription.ts';
import { holdsNames, openTask } from './tasks.ts';
import { hasUpstreamCredential, upstreamCredential } from './upstream-auth/credential.ts';

const VERBS: ReadonlyMap<string, Verb> = new Map([
  ['POST', 'POST'],
  ['GET', 'GET'],
  ['DELETE', 'DELETE'],
]);

/** Serves one request. Never rejects; a fault of ours is answered as `internal` and logged. */
export async function handle(request: IncomingMessage, response: ServerResponse, parts: GatewayParts): Promise<void> {
  const path = pathOf(request);
  const route = parts.routes.find(path);
  const externalUrl = parts.externalUrl();
  const refuse = (reason: ErrorCode, headers: Reply['headers'] = {}): Promise<void> =>
    refuseUnrouted({ request, response, path }, { reason, headers }, parts);
  if (lacksHost(request)) return refuse('invalid_request');
  if (!isAllowedHost(request.headers, hostsOf(route, parts))) return refuse('host_not_allowed');
  if (isRepeated(request, 'host')) return refuse('invalid_request');
  if (isResourceMetadata(path)) {
    const { refused, ...reply } = resourceMetadataReply(request, path, { routes: parts.routes, externalUrl });
    return refused === undefined
      ? sendUnrouted(response, reply)
      : refuseUnrouted({ request, response, path }, { reason: refused, reply }, parts);
  }
  if (route === undefined) return refuse('not_found');
  const verb = VERBS.get(request.method ?? '');
  if (verb === undefined) return refuse('method_not_allowed', { allow: 'GET, POST, DELETE' });
  const span = parts.tracer?.startRequest(request.headers);
  const exchange = openExchange({ request, response, verb, route, externalUrl, now: parts.clock(), span });
  if (parts.isDraining()) response.shouldKeepAlive = false;
  parts.metrics.inFlight.inc();
  try {
    await serve(exchange, route, parts);
  } catch (error) {
    await refuseFailed(exchange, asAppError(error), parts);
  } finally {
    parts.bodies.release(request);
    parts.metrics.inFlight.dec();
  }
}

async function serve(exchange: Exchange, route: Route, parts: GatewayParts): Promise<void> {
  const refused = await read(exchange, parts);
  if (refused !== undefined) return answer(exchange, refused, parts);
  if (isBatch(exchange)) return serveBatch(exchange, route, parts);
  const decided = inspectBody(exchange, parts) ?? (await recognise(exchange, parts)) ?? decide(exchange, parts);
  return serveDecided(exchange, decided, route, parts);
}

/** Every message of a batch on its own: decided, forwarded, recorded. Who sent it is asked once. */
async function serveBatch(exchange: Exchange, route: Route, parts: GatewayParts): Promise<void> {
  const batch = readBatch(exchange.body);
  if (!batch.ok) return answer(exchange, unreadable(exchange, batch), parts);
  const refused = await recognise(exchange, parts);
  if (refused !== undefined) return answer(exchange, refused, parts);
  const { request, caller, upstreamSession, endpoint } = exchange;
  const whole = new BatchAnswer(exchange);
  const served = batch.messages.map(async (body) => {
    const response = whole.member();
    const span = parts.tracer?.startRequest(request.headers);
    const takesRoom = (bytes: number): boolean => whole.takesRoom(bytes);
    const opened = openExchange({ ...exchange, request, response, span });
    const one = { ...opened, body, caller, upstreamSession, endpoint, takesRoom };
    try {
      await serveDecided(one, inspectBody(one, parts) ?? decide(one, parts), route, parts);
    } catch (error) {
      await refuseFailed(one, asAppError(error), parts);
    }
  });
  await Promise.all(served);
  whole.end();
}

async function serveDecided(
  exchange: Exchange,
  refused: Reply | undefined,
  route: Route,
  parts: GatewayParts,
): Promise<void> {
  if (refused !== undefined) return answer(exchange, refused, parts);
  const { verdict, policy } = exchange;
  if (verdict?.by !== 'policy' || !verdict.decision.allowed || policy === undefined)
    throw new TypeError('went on without a permit');
  if (route.audit.strict && parts.audit.state() === 'unwritable') {
    return answer(
      exchange,
      check(exchange, 'audit_unavailable', 'the call cannot be recorded, so it is refused'),
      parts,
    );
  }
  const target = targetOf(exchange) ?? sleepingTarget(exchange);
  if (target === undefined) {
    return answer(exchange, check(exchange, 'upstream_unavailable', 'the MCP server does not run'), parts);
  }
  if (parts.isDraining() && isStream(exchange)) {
    return answer(exchange, check(exchange, 'service_unavailable', SHUTTING_DOWN), parts);
  }
  if (hasUpstreamCredential(exchange)) exchange.credential = await upstreamCredential(exchange, parts.credentials);
  const denied = overtaken(exchange, parts.clock());
  if (denied !== undefined) {
    exchange.verdict = { by: 'check', reason: denied.reason };
    return answer(exchange, denialReply(exchange, denied), parts);
  }
  const admitted = admit(exchange, policy, verdict.decision, parts.limiter);
  if (!admitted.ok) return answer(exchange, admitted.reply, parts);
  parts.forwarding.open.follow(route);
  exchange.upstreamTrace = exchange.span?.startUpstream();
  const record = (ended: Exchange, ending: Ending): Promise<void> => recordEnding(ended, ending, parts);
  const ways = parts.ways[route.upstreamFrom ?? 'operator'];
  try {
    await forward(admitted.permit, exchange, target, { ...parts.forwarding, ways, record });
  } finally {
    admitted.ended?.(exchange.bytesOut, parts.clock());
  }
}

/** Limits, and the whole body: what is known before anybody is asked who calls. */
async function read(exchange: Exchange, parts: GatewayParts): Promise<Reply | undefined> {
  const { limits, forwarding } = parts;
  const { calls, streams } = forwarding.open.count();
  const isFull = exchange.verb === 'GET' ? streams >= limits.maxStreams : calls >= limits.maxInFlight;
  if (isFull) return check(exchange, 'overloaded', TOO_MANY);
  if (exchange.verb !== 'POST') return undefined;
  if (!hasJsonBody(exchange.request)) {
    return check(exchange, 'unsupported_media_type', 'the body must be `application/json` in UTF-8, not compressed');
  }
  exchange.body = await parts.bodies.read(exchange.request);
  return undefined;
}

function inspectBody(exchange: Exchange, { forwarding, limits }: GatewayParts): Reply | undefined {
  if (exchange.verb !== 'POST') return undefined;
  const refused = inspect(exchange);
  const isOneTooMany = isStream(exchange) && forwarding.open.count().streams >= limits.maxStreams;
  return refused ?? (isOneTooMany ? check(exchange, 'overloaded', TOO_MANY) : undefined);
}

const TOO_MANY = 'too many requests are in progress';

/** Who calls, in which session. */
async function recognise(exchange: Exchange, parts: GatewayParts): Promise<Reply | undefined> {
  const { policy, now, request } = exchange;
  if (policy === undefined) return checkFor(exchange, noPolicy(exchange.route));
  if (isRepeated(request, 'authorization')) return check(exchange, 'invalid_token', 'the credential is there twice');
  if (hasTokenInQuery(request)) return check(exchange, 'invalid_request', 'a token must not be in the URL');
  const { tokens, oauth, possession, hops } = parts;
  const resource = resourceUrl(exchange.externalUrl, exchange.route.path);
  const identified = await identify(request, policy, { tokens, oauth, possession, hops, resource, now });
  exchange.caller = identified.caller;
  if (!identified.ok) return check(exchange, identified.reason, identified.message);
  if (parts.serves === 'probes' && identified.caller.source !== 'probe') {
    return check(exchange, 'forbidden', 'this listener serves readiness checks only');
  }
  return openSession(exchange, parts.forwarding.seal) ? undefined : check(exchange, 'not_found', 'session not found');
}

/** Whether they may. Leaves a permit in the exchange, or returns the refusal. */
function decide(exchange: Exchange, parts: GatewayParts): Reply | undefined {
  const { policy, now } = exchange;
  if (policy === undefined) return checkFor(exchange, noPolicy(exchange.route));
  const absent = openNames(exchange, policy, parts);
  if (absent !== undefined) {
    exchange.verdict = { by: 'check', reason: absent.reason };
    return refusalReply(exchange, absent);
  }
  const decision = authorize(exchange, policy, now);
  exchange.verdict = { by: 'policy', decision };
  if (decision.allowed) return undefined;
  return denialReply(exchange, decision);
}

/** Task ids that callers hold are sealed: from here on a request has the server's own, of what the caller may follow. */
function openNames(exchange: Exchange, policy: Policy, { forwarding }: GatewayParts): Refusal | undefined {
  const place = placeOf(exchange);
  if (place === undefined || exchange.caller.source === 'probe' || !holdsNames(exchange)) return undefined;
  const absent = openTask(exchange, place, forwarding.taskSeal);
  if (absent === undefined) pruneSubscription(exchange, policy, place, forwarding.taskSeal);
  return absent;
}

function checkFor(exchange: Exchange, { reason, message }: Denied): Reply {
  return check(exchange, reason, message);
}

function check(exchange: Exchange, reason: ErrorCode, message: string): Reply {
  exchange.verdict = { by: 'check', reason };
  return refusalReply(exchange, { reason, message });
}

/** Records a refusal, then sends it. */
async function answer(exchange: Exchange, reply: Reply, parts: GatewayParts): Promise<void> {
  exchange.bytesOut = Buffer.byteLength(reply.body);
  await recordEnding(exchange, { status: reply.status, outcome: 'refused' }, parts).catch(() => {});
  sendReply(exchange, reply);
}

async function refuseFailed(exchange: Exchange, error: AppError, parts: GatewayParts): Promise<void> {
  if (error.code === 'internal')
    parts.log.error('a request failed', { requestId: exchange.requestId, error: error.cause });
  exchange.verdict ??= { by: 'check', reason: error.code };
  const reply = failureReply(exchange, error);
  // What is left of the body is not read: the connection cannot be used again.
  const isUnread = !exchange.request.complete && UNREAD.has(error.code);
  if (isUnread) await discardRest(exchange.request);
  const headers = isUnread ? { ...reply.headers, connection: 'close' } : reply.headers;
  await answer(exchange, { ...reply, headers }, parts);
}

/** Why a body is not read to its end. */
const UNREAD: ReadonlySet<ErrorCode> = new Set(['request_too_large', 'overloaded']);

/** A route may be served under names of its own. */
function hostsOf(route: Route | undefined, { hosts }: GatewayParts): HostPolicy {
  const servesAll = hosts.scope === 'network' && hosts.allowedHosts.length === 0;
  if (route?.hosts === undefined || servesAll) return hosts;
  return { ...hosts, allowedHosts: [...hosts.allowedHosts, ...route.hosts] };
}
