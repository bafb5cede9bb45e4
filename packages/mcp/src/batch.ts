import { type MessageFault, type Message, isMembers, readMessage } from './message.ts';
import { META_KEYS } from './meta-keys.ts';
import { itemTexts, readJsonText } from './json-text.ts';

export type BatchFault = MessageFault | 'too_many' | 'mixed' | 'repeated_id' | 'not_in_batch';

export type ReadBatch =
  | { readonly ok: true; readonly messages: readonly Buffer[] }
  | { readonly ok: false; readonly fault: BatchFault; readonly code: -32700 | -32600 };

const MAX_MESSAGES = 64;
const MAX_DEPTH = 65;
const OPEN_ARRAY = 0x5b;

/** Whether a body is a list, as far as a look at its beginning tells. */
export function looksLikeBatch(body: Uint8Array): boolean {
  const first = body.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  return first === OPEN_ARRAY;
}

/**
 * Takes a batch apart (JSON-RPC 2.0 §6, MCP 2025-03-26 "Base Protocol"): requests and notifications, or responses. Refused whole
 * when one message of it cannot be read, opens a session, is of MCP 2026-07-28, or has the id of another.
 */
export function readBatch(body: Uint8Array): ReadBatch {
  const read = readJsonText(body, { maxDepth: MAX_DEPTH });
  if (!read.ok) return { ok: false, fault: read.fault, code: isNotJson(read.fault) ? -32700 : -32600 };
  const messages = itemTexts(read.text).map((text) => Buffer.from(text));
  if (messages.length === 0) return refuse('empty');
  if (messages.length > MAX_MESSAGES) return refuse('too_many');
  const ids = new Set<string>();
  const kinds = new Set<boolean>();
  for (const bytes of messages) {
    const one = readMessage(bytes);
    if (!one.ok) return refuse(one.fault);
    const { message } = one;
    if (!mayBeInBatch(message)) return refuse('not_in_batch');
    kinds.add(message.kind === 'response');
    const id = message.kind === 'request' ? JSON.stringify(message.id) : undefined;
    if (id !== undefined && ids.has(id)) return refuse('repeated_id');
    if (id !== undefined) ids.add(id);
  }
  return kinds.size > 1 ? refuse('mixed') : { ok: true, messages };
}

function mayBeInBatch(message: Message): boolean {
  if (message.kind === 'response') return true;
  const meta = message.params['_meta'];
  const isModern = isMembers(meta) && Object.hasOwn(meta, META_KEYS.protocolVersion);
  return message.method !== 'initialize' && !isModern;
}

function isNotJson(fault: MessageFault): boolean {
  return fault === 'not_utf8' || fault === 'not_json';
}

function refuse(fault: BatchFault): ReadBatch {
  return { ok: false, fault, code: -32600 };
}
