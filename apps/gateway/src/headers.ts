import { type IncomingHttpHeaders } from 'node:http';
import { HEADERS, MCP_PARAM_HEADER_PREFIX } from '@mcp-runtime/api';
import { encodeMirrored } from '@mcp-runtime/mcp';
import { type TraceContext } from '@mcp-runtime/base';
import { type Exchange } from './exchange.ts';
import { type AnswerHeaders } from './upstream/port.ts';

const SESSION_ID = HEADERS.mcpSessionId.toLowerCase();
const TRACE = ['traceparent', 'tracestate'] as const;
const LEGACY_ONLY = [HEADERS.lastEventId.toLowerCase()] as const;
const MCP_NAME = HEADERS.mcpName.toLowerCase();
const MODERN_ONLY = [HEADERS.mcpMethod.toLowerCase(), MCP_NAME] as const;
const PARAM_PREFIX = MCP_PARAM_HEADER_PREFIX.toLowerCase();
const VERSION = HEADERS.mcpProtocolVersion.toLowerCase();

/**
 * The headers that cross to the server: an allow-list, so that no credential, cookie, identity or forwarding header of
 * the caller ever does. What the server asks of the gateway itself is added.
 */
export function upstreamHeaders(exchange: Exchange): Record<string, string> {
  const { request, verb, era, target, upstreamSession, upstreamTrace, credential } = exchange;
  const given = request.headers;
  const headers: Record<string, string> = {
    accept: verb === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
  };
  if (verb === 'POST') headers['content-type'] = 'application/json';
  copy(given, headers, [VERSION, ...(era.kind === 'legacy' ? LEGACY_ONLY : MODERN_ONLY)]);
  if (upstreamTrace === undefined) copy(given, headers, TRACE);
  else continueTrace(headers, upstreamTrace);
  if (upstreamSession !== undefined) headers[SESSION_ID] = upstreamSession;
  if (era.kind === 'modern') {
    copy(
      given,
      headers,
      Object.keys(given).filter((name) => name.startsWith(PARAM_PREFIX)),
    );
    // The body names the server's own task; what the caller sent was checked against the body that it sent.
    if (target?.kind === 'task') headers[MCP_NAME] = encodeMirrored(target.id);
  }
  if (credential !== undefined) headers[credential.header] = credential.value;
  return headers;
}

function continueTrace(headers: Record<string, string>, { traceparent, tracestate }: TraceContext): void {
  headers['traceparent'] = traceparent;
  if (tracestate !== undefined) headers['tracestate'] = tracestate;
}

function copy(from: IncomingHttpHeaders, to: Record<string, string>, names: readonly string[]): void {
  for (const name of names) {
    const value = from[name];
    if (typeof value === 'string') to[name] = value;
  }
}

export function headerOf(headers: AnswerHeaders, name: string): string {
  const value = headers[name];
  return (typeof value === 'string' ? value : value?.[0]) ?? '';
}

/** The headers that cross back to the caller: an allow-list too. `sessionId` is the one that the caller knows. */
export function callerHeaders(
  exchange: Exchange,
  answer: AnswerHeaders,
  sessionId: string | undefined,
): Record<string, string> {
  const type = mediaType(answer);
  const headers: Record<string, string> = { [HEADERS.requestId]: exchange.requestId, 'cache-control': 'no-store' };
  if (type !== '') headers['content-type'] = type;
  if (type === 'text/event-stream') headers['x-accel-buffering'] = 'no';
  if (sessionId !== undefined) headers[HEADERS.mcpSessionId] = sessionId;
  const allow = headerOf(answer, 'allow');
  if (allow !== '') headers['allow'] = allow;
  return headers;
}

export function mediaType(headers: AnswerHeaders): string {
  return (headerOf(headers, 'content-type').split(';')[0] ?? '').trim().toLowerCase();
}

export function sessionIdOf({ request, era }: Exchange): string | undefined {
  const value = request.headers[SESSION_ID];
  return era.kind === 'legacy' && typeof value === 'string' ? value : undefined;
}

/** The session id that a server answered with; '' when there is none. */
export function answeredSessionId(headers: AnswerHeaders): string {
  return headerOf(headers, SESSION_ID);
}

/** Bytes of a whole body, where its head says so; the reader has seen to it that this is a number and true. */
export function bodyLength({ 'content-length': length }: AnswerHeaders): number | undefined {
  return typeof length === 'string' ? Number(length) : undefined;
}
