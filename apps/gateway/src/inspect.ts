import { type IncomingMessage } from 'node:http';
import { HEADERS, type JsonRpcId, type MCP_LEGACY_VERSIONS } from '@mcp-runtime/api';
import {
  type BatchFault,
  type EraFault,
  FAULT_TEXT,
  eraOf,
  looksLikeBatch,
  readMessage,
  targetOf,
} from '@mcp-runtime/mcp';
import { type Exchange } from './exchange.ts';
import { type Reply, errorBody, refusalReply } from './reply.ts';

/** JSON in UTF-8 and nothing else; a body that is compressed would be read differently by others. */
export function hasJsonBody(request: IncomingMessage): boolean {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = request.headers;
  if (encoding.trim().toLowerCase() !== 'identity') return false;
  return JSON_TYPE.test(type.trim());
}

/** No two parts next to each other take the same character: who writes much space would have us try every division of it. */
const JSON_TYPE = /^application\/json(?:\s*;\s*charset\s*=\s*"?utf-8"?)?(?:\s*;)?$/i;

/** Whether a body has to be read as a batch: MCP 2025-03-26 has them, and names no version in a header. */
export function isBatch({ verb, body, request }: Exchange): boolean {
  const version = request.headers[HEADERS.mcpProtocolVersion.toLowerCase()];
  return verb === 'POST' && (version === undefined || version === BATCHES) && looksLikeBatch(body);
}

const BATCHES = '2025-03-26' satisfies (typeof MCP_LEGACY_VERSIONS)[number];

/** Fills in what the body says, or returns the refusal. */
export function inspect(exchange: Exchange): Reply | undefined {
  const read = readMessage(exchange.body);
  if (!read.ok) return unreadable(exchange, read);
  const { message } = read;
  exchange.message = message;
  const { headers } = exchange.request;
  const era = eraOf(message, (name) => headerText(headers[name]));
  if (era.kind === 'refused') return refuseEra(exchange, era);
  exchange.era = era;
  exchange.target = message.kind === 'response' ? { kind: 'server' } : targetOf(message);
  return undefined;
}

interface Unread {
  readonly fault: BatchFault;
  readonly code: number;
  readonly id?: JsonRpcId;
}

export function unreadable(exchange: Exchange, { fault, code, id = null }: Unread): Reply {
  exchange.verdict = { by: 'check', reason: 'rpc_inspection_failed' };
  const reply = refusalReply(exchange, { reason: 'rpc_inspection_failed', message: '', status: 400 });
  const data = { reason: 'rpc_inspection_failed', requestId: exchange.requestId };
  return { ...reply, body: errorBody(id, code, FAULT_TEXT[fault], data) };
}

/** Node joins a repeated header of MCP with `, ` itself. */
function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

function refuseEra(exchange: Exchange, fault: EraFault): Reply {
  const reason = fault.code === -32020 ? 'header_mismatch' : 'invalid_request';
  exchange.verdict = { by: 'check', reason };
  return refusalReply(exchange, {
    reason,
    message: fault.message,
    code: fault.code,
    status: fault.status,
    ...(fault.data === undefined ? {} : { data: fault.data }),
  });
}
