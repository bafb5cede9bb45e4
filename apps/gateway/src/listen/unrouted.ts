import { type IncomingMessage, type ServerResponse } from 'node:http';
import { ERRORS, type ErrorCode } from '@mcp-runtime/api';
import { peerOf } from './listener.ts';
import { type GatewayMetrics } from '../record/metrics.ts';
import { type RefusalLog } from '../record/refusals.ts';
import { type Reply } from '../reply.ts';

interface Unrouted {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
}

interface UnroutedRefusal {
  readonly reason: ErrorCode;
  readonly headers?: Reply['headers'];
  readonly reply?: Reply;
}

interface UnroutedPorts {
  readonly metrics: GatewayMetrics;
  readonly refusals: RefusalLog;
}

/** Refuses what has no route, or no right to ask for one. Recorded like every refusal, then answered. */
export async function refuseUnrouted(
  { request, response, path }: Unrouted,
  { reason, headers = {}, reply = unroutedReply(reason, headers) }: UnroutedRefusal,
  { metrics, refusals }: UnroutedPorts,
): Promise<void> {
  metrics.unrouted.inc({ reason });
  const { status } = reply;
  await refusals.record({ reason, status, method: request.method ?? '', path, ...peerOf(request.socket) });
  sendUnrouted(response, reply);
}

function unroutedReply(reason: ErrorCode, headers: Reply['headers']): Reply {
  const { http } = ERRORS[reason];
  const message = reason === 'not_found' ? 'no MCP server is at this path' : ERRORS[reason].meaning;
  return {
    status: http,
    headers: { 'content-type': 'application/json', connection: 'close', ...headers },
    body: JSON.stringify({ error: reason, message }),
  };
}

export function sendUnrouted(response: ServerResponse, { status, headers, body }: Reply): void {
  if (response.destroyed) return;
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
