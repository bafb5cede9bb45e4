import { META_KEYS } from './meta-keys.ts';
import { foldCase } from './fold-case.ts';
import { readJsonText, memberAt, skipSpace } from './json-text.ts';

type Members = Readonly<Record<string, unknown>>;

/** One JSON-RPC message as policy sees it. The bytes it came from are what the server gets. */
export type Message =
  | {
      readonly kind: 'request';
      readonly id: string | number;
      readonly method: string;
      readonly params: Members;
    }
  | { readonly kind: 'notification'; readonly method: string; readonly params: Members }
  | { readonly kind: 'response'; readonly id: string | number };

export type MessageFault =
  | 'not_utf8'
  | 'not_json'
  | 'too_deep'
  | 'duplicate_member'
  | 'invalid_member_name'
  | 'number_out_of_range'
  | 'empty'
  | 'batch'
  | 'not_an_object'
  | 'ambiguous_member'
  | 'unknown_member'
  | 'invalid_version'
  | 'invalid_id'
  | 'invalid_method'
  | 'invalid_params'
  | 'invalid_governed_value'
  | 'invalid_response';

export type ReadMessage =
  | { readonly ok: true; readonly message: Message }
  | {
      readonly ok: false;
      readonly fault: MessageFault;
      /** JSON-RPC code: -32700 for what is not JSON, -32600 for what is not a message. */
      readonly code: -32700 | -32600;
      /** The id, where it could be read. */
      readonly id: string | number | null;
    };

/** Deeper than any message in use; shallow enough for every reader behind us. */
const MAX_DEPTH = 64;
const MAX_METHOD_LENGTH = 256;
const MAX_NAME_LENGTH = 8192;

/** JSON-RPC 2.0 §4 and §5. */
const ROOT_MEMBERS = ['jsonrpc', 'id', 'method', 'params', 'result', 'error'] as const;
/** Members of `params` that decide what a message is about. */
const GOVERNED_MEMBERS = [
  'name',
  'uri',
  'uris',
  'ref',
  'taskId',
  'task',
  'arguments',
  '_meta',
  'notifications',
] as const;
/** Members of those members that do so too. */
const INNER_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  ref: ['type', 'name', 'uri'],
  notifications: ['resourceSubscriptions', 'taskIds'],
  _meta: [META_KEYS.protocolVersion, META_KEYS.clientCapabilities],
};

/** Reads a request body. Never throws; what it cannot read without ambiguity, it refuses. */
export function readMessage(bytes: Uint8Array): ReadMessage {
  if (bytes.byteLength === 0) return refuse('empty', -32700);
  const read = readJsonText(bytes, { maxDepth: MAX_DEPTH });
  if (!read.ok) return refuse(read.fault, read.fault === 'not_utf8' || read.fault === 'not_json' ? -32700 : -32600);
  const { value, text } = read;
  if (Array.isArray(value)) return refuse('batch', -32600);
  if (!isMembers(value)) return refuse('not_an_object', -32600);
  return toMessage(value, text);
}

function toMessage(root: Members, text: string): ReadMessage {
  const idSpan = Object.hasOwn(root, 'id') ? memberAt(text, skipSpace(text, 0), 'id') : undefined;
  const id = idSpan === undefined ? undefined : validId(root['id'], text.slice(idSpan.start, idSpan.end));
  const answerTo = typeof id === 'object' ? null : (id ?? null);
  const stranger = strangerIn(root, ROOT_MEMBERS);
  if (stranger === 'ambiguous') return refuse('ambiguous_member', -32600, answerTo);
  if (stranger === 'unknown') return refuse('unknown_member', -32600, answerTo);
  if (root['jsonrpc'] !== '2.0') return refuse('invalid_version', -32600, answerTo);
  if (typeof id === 'object') return refuse('invalid_id', -32600);
  if (!Object.hasOwn(root, 'method')) return toResponse(root, id);
  if (Object.hasOwn(root, 'result') || Object.hasOwn(root, 'error')) return refuse('unknown_member', -32600, answerTo);
  const { method, params = {} } = root;
  if (!isMethod(method)) return refuse('invalid_method', -32600, answerTo);
  if (!isMembers(params)) return refuse('invalid_params', -32600, answerTo);
  const fault = faultInParams(params);
  if (fault !== undefined) return refuse(fault, -32600, answerTo);
  return {
    ok: true,
    message: id === undefined ? { kind: 'notification', method, params } : { kind: 'request', id, method, params },
  };
}

function toResponse(root: Members, id: string | number | undefined): ReadMessage {
  const isWhole = Object.hasOwn(root, 'result') !== Object.hasOwn(root, 'error');
  if (id === undefined || !isWhole || Object.hasOwn(root, 'params'))
    return refuse('invalid_response', -32600, id ?? null);
  return { ok: true, message: { kind: 'response', id } };
}

const INVALID_ID = { invalid: true } as const;

/** Integers spelled as digits alone and strings; what two readers could take for different ids is refused. */
function validId(id: unknown, spelling: string): string | number | typeof INVALID_ID {
  if (typeof id === 'string') return id.isWellFormed() && id.length <= 1024 ? id : INVALID_ID;
  const isPlain = typeof id === 'number' && Number.isSafeInteger(id) && /^(0|-?[1-9]\d*)$/.test(spelling);
  return isPlain ? id : INVALID_ID;
}

function isMethod(method: unknown): method is string {
  if (typeof method !== 'string' || method.length === 0 || method.length > MAX_METHOD_LENGTH) return false;
  return method.isWellFormed() && !hasControlCharacter(method);
}

function faultInParams(params: Members): MessageFault | undefined {
  if (strangerIn(params, GOVERNED_MEMBERS) === 'ambiguous') return 'ambiguous_member';
  const meta = params['_meta'];
  if (meta !== undefined && !isMembers(meta)) return 'invalid_params';
  const ref = params['ref'];
  if (ref !== undefined && !isMembers(ref)) return 'invalid_params';
  for (const [member, known] of Object.entries(INNER_MEMBERS)) {
    const inner = params[member];
    if (isMembers(inner) && strangerIn(inner, known) === 'ambiguous') return 'ambiguous_member';
  }
  const governed = [params['name'], params['uri'], params['taskId'], ref?.['name'], ref?.['uri']];
  return [...governed, ...subscribed(params)].every(isGovernedValue) ? undefined : 'invalid_governed_value';
}

/** URIs and tasks that a subscription names; what is no list of texts has no target, which policy refuses. */
function subscribed({ notifications }: Members): readonly string[] {
  if (!isMembers(notifications)) return [];
  const lists = [notifications['resourceSubscriptions'], notifications['taskIds']];
  return lists.flatMap((list) => (Array.isArray(list) ? list.filter((item) => typeof item === 'string') : []));
}

/** Names and URIs are compared exactly, so nothing may be in them that a header, a log or another reader would change. */
function isGovernedValue(value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value !== 'string' || value.length > MAX_NAME_LENGTH) return false;
  return value.isWellFormed() && !hasControlCharacter(value);
}

function hasControlCharacter(text: string): boolean {
  return /[\u0000-\u001f\u007f]/.test(text);
}

/** Whether a member is not in `known`, and if so, whether a reader that ignores case would take it for one that is. */
function strangerIn(object: Members, known: readonly string[]): 'none' | 'unknown' | 'ambiguous' {
  let found: 'none' | 'unknown' = 'none';
  for (const name of Object.keys(object)) {
    if (known.includes(name)) continue;
    found = 'unknown';
    const folded = foldCase(name);
    if (known.some((candidate) => foldCase(candidate) === folded)) return 'ambiguous';
  }
  return found;
}

function refuse(fault: MessageFault, code: -32700 | -32600, id: string | number | null = null): ReadMessage {
  return { ok: false, fault, code, id };
}

export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
