import { isRecord } from '@mcp-runtime/base';
import { readJsonText } from '@mcp-runtime/mcp';

/** A message of a server, as far as it decides which stream of the client it goes to. */
export type ServerMessage =
  | { readonly kind: 'response'; readonly id: string | number }
  | { readonly kind: 'request'; readonly id: string | number; readonly method: string }
  | { readonly kind: 'progress'; readonly token: unknown }
  | { readonly kind: 'notification'; readonly method: string; readonly cancels: unknown };

const MAX_DEPTH = 128;

/** Undefined for what two readers could take for different messages. */
export function readServerMessage(text: string): ServerMessage | undefined {
  const read = readJsonText(Buffer.from(text), { maxDepth: MAX_DEPTH });
  if (!read.ok || !isRecord(read.value)) return undefined;
  const { id, method, params = {} } = read.value;
  const isAnswer = 'result' in read.value || 'error' in read.value;
  if (method === undefined) return isAnswer && isId(id) ? { kind: 'response', id } : undefined;
  if (typeof method !== 'string' || isAnswer || !isRecord(params)) return undefined;
  if (id !== undefined) return isId(id) ? { kind: 'request', id, method } : undefined;
  if (method === 'notifications/progress') return { kind: 'progress', token: params['progressToken'] };
  const cancels = method === 'notifications/cancelled' ? params['requestId'] : undefined;
  return { kind: 'notification', method, cancels };
}

function isId(id: unknown): id is string | number {
  return typeof id === 'string' || (typeof id === 'number' && Number.isSafeInteger(id));
}
