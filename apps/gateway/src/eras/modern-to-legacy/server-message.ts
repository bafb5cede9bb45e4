import { itemTexts, memberText, readJsonText } from '@mcp-runtime/mcp';

/** One message of a server. `text` is the whole of it; other texts are JSON as the server spelled it. */
export type ServerMessage =
  | { readonly kind: 'response'; readonly id: string | number | null; readonly text: string }
  | { readonly kind: 'request'; readonly id: string; readonly method: string; readonly params: string | undefined }
  | { readonly kind: 'notification'; readonly method: string; readonly params: string };

const MAX_DEPTH = 128;

/**
 * The messages in a body or an event: one, or those of a batch (MCP 2025-03-26). Undefined when it cannot be read without
 * ambiguity: then nothing of it counts.
 */
export function readServerMessages(json: string | Buffer): readonly ServerMessage[] | undefined {
  const read = readJsonText(typeof json === 'string' ? Buffer.from(json) : json, { maxDepth: MAX_DEPTH });
  if (!read.ok) return undefined;
  const texts = Array.isArray(read.value) ? itemTexts(read.text) : [read.text];
  const messages: ServerMessage[] = [];
  for (const text of texts) {
    const message = toMessage(text);
    if (message === undefined) return undefined;
    messages.push(message);
  }
  return messages;
}

function toMessage(text: string): ServerMessage | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { id, method }: { id?: unknown; method?: unknown } = value;
  const isAnswer = 'result' in value || 'error' in value;
  if (typeof method === 'string') {
    const params = memberText(text, 'params');
    if (isAnswer || (params !== undefined && !params.startsWith('{'))) return undefined;
    if (id === undefined) return { kind: 'notification', method, params: params ?? '{}' };
    return { kind: 'request', id: memberText(text, 'id') ?? 'null', method, params };
  }
  if (!isAnswer || ('result' in value && 'error' in value)) return undefined;
  if (typeof id === 'string' || typeof id === 'number') return { kind: 'response', id, text };
  return { kind: 'response', id: null, text };
}
