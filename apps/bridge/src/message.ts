import { isRecord } from '@mcp-runtime/base';

/** JSON-RPC messages as the bridge needs them: who they are for, and the text that is passed on. */

export type MessageId = string | number;
type Members = Readonly<Record<string, unknown>>;

/** `text` is one line: what was received, with line ends between tokens made spaces. */
export interface Request {
  readonly kind: 'request';
  readonly id: MessageId;
  readonly method: string;
  readonly params: Members;
  readonly text: string;
}

export interface Notification {
  readonly kind: 'notification';
  readonly method: string;
  readonly params: Members;
  readonly text: string;
}

export interface Response {
  readonly kind: 'response';
  readonly id: MessageId;
  /** Code of the JSON-RPC error, when it is one. */
  readonly errorCode: number | undefined;
  readonly text: string;
}

export type Message = Request | Notification | Response;

/** Why bytes are no message. */
export interface MessageFault {
  readonly kind: 'fault';
  /** JSON-RPC 2.0 §5.1. */
  readonly code: -32700 | -32600;
  readonly message: string;
  readonly id: MessageId | null;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads one message of a server or of the bridge's own from one JSON text. Never throws. */
export function readMessage(bytes: Uint8Array): Message | MessageFault {
  let text: string;
  let root: unknown;
  try {
    text = decoder.decode(bytes);
    root = JSON.parse(text);
  } catch {
    return fault(-32700, 'the message is not UTF-8 JSON');
  }
  if (Array.isArray(root)) return fault(-32600, 'batches are not supported');
  return toMessage(root, oneLine(text));
}

/** A raw line end cannot be inside a JSON string, so only white space changes. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]/g, ' ');
}

function toMessage(root: unknown, text: string): Message | MessageFault {
  if (!isRecord(root) || root['jsonrpc'] !== '2.0') return fault(-32600, 'the message is not JSON-RPC 2.0');
  const { id, method, params = {} } = root;
  const hasId = Object.hasOwn(root, 'id');
  if (hasId && !isMessageId(id)) return fault(-32600, 'the id is neither a string nor a safe integer');
  const known = isMessageId(id) ? id : null;
  if (!isRecord(params)) return fault(-32600, 'params is not an object', known);
  if (typeof method === 'string') {
    return known === null
      ? { kind: 'notification', method, params, text }
      : { kind: 'request', id: known, method, params, text };
  }
  const isAnswer = Object.hasOwn(root, 'result') !== Object.hasOwn(root, 'error');
  if (known === null || !isAnswer || method !== undefined) {
    return fault(-32600, 'the message is no request, notification or response', known);
  }
  return { kind: 'response', id: known, errorCode: errorCodeOf(root['error']), text };
}

function errorCodeOf(error: unknown): number | undefined {
  if (error === undefined) return undefined;
  const code = isRecord(error) ? error['code'] : undefined;
  return typeof code === 'number' ? code : -32603;
}

/** Ids and tokens by type and value: `1` and `"1"` differ. */
export function keyOfId(id: MessageId): string {
  return JSON.stringify(id);
}

/** Token under which the sender of a request wants to hear of its progress. */
export function progressTokenOf(request: Request): MessageId | undefined {
  return idAt(metaOf(request), 'progressToken');
}

/** Token of the request that a progress notification is about. */
export function progressOf(notification: Notification): MessageId | undefined {
  return notification.method === 'notifications/progress' ? idAt(notification.params, 'progressToken') : undefined;
}

/** Id of the request that a cancellation is about. */
export function cancelledIdOf(notification: Notification): MessageId | undefined {
  return notification.method === 'notifications/cancelled' ? idAt(notification.params, 'requestId') : undefined;
}

export const SUBSCRIPTION_ID = 'io.modelcontextprotocol/subscriptionId';

/** Id of the `subscriptions/listen` request that a notification belongs to. */
export function subscriptionIdOf(notification: Notification): MessageId | undefined {
  return idAt(metaOf(notification), SUBSCRIPTION_ID);
}

export function metaOf({ params }: Request | Notification): Members {
  const meta = params['_meta'];
  return isRecord(meta) ? meta : {};
}

/** Notices about the server as a whole: they belong to no request. */
export function isAboutServer({ method }: Notification): boolean {
  return method.endsWith('/list_changed') || method === 'notifications/resources/updated';
}

function idAt(members: Members, name: string): MessageId | undefined {
  const value = Object.hasOwn(members, name) ? members[name] : undefined;
  return isMessageId(value) ? value : undefined;
}

function isMessageId(value: unknown): value is MessageId {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

function fault(code: -32700 | -32600, message: string, id: MessageId | null = null): MessageFault {
  return { kind: 'fault', code, message, id };
}
