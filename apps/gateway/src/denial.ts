import { ERRORS, type ErrorCode } from '@mcp-runtime/api';
import { isKnownMethod } from '@mcp-runtime/mcp';
import { type Exchange } from './exchange.ts';
import { UNKNOWN_TASK } from './tasks.ts';
import { type Refusal, type Reply, refusalReply } from './reply.ts';

export interface Denied {
  readonly reason: ErrorCode;
  readonly message: string;
  /** All that the request needs, where the access token lacks one. */
  readonly scopes?: readonly string[] | undefined;
  /** When the same request may succeed, where that is a matter of time. */
  readonly retryAfterMs?: number | undefined;
}

/** A denial by policy, said as the owner of the server wants it said. */
export function denialReply(exchange: Exchange, denied: Denied): Reply {
  return refusalReply(exchange, wordsOf(exchange, denied));
}

function wordsOf(exchange: Exchange, { reason, message, scopes, retryAfterMs }: Denied): Refusal {
  const { message: asked, era } = exchange;
  // Not in band: the client is to get another token (MCP 2025-11-25, "Scope Challenge Handling").
  if (reason === 'insufficient_scope') return { reason, message, scopes };
  // A method that MCP does not have gets the words of a server that does not have it either (JSON-RPC 2.0 §5.1; the status
  // after MCP 2026-07-28, "Streamable HTTP").
  if (reason === 'unknown_method' && asked?.kind === 'request' && !isKnownMethod(asked.method))
    return { reason, message, code: METHOD_NOT_FOUND, status: era.kind === 'modern' ? 404 : 200 };
  const said = saying(exchange);
  if (retryAfterMs !== undefined) {
    const text = said === 'conceal' ? ERRORS[reason].meaning : message;
    return { reason, message: text, retryAfterMs, status: limitStatus(exchange, said) };
  }
  if (said === 'http') return { reason, message };
  const status = statusOf(exchange, ERRORS[reason].http);
  const absent = said === 'conceal' && ABOUT_A_THING.has(reason) ? absenceOf(exchange) : undefined;
  return absent === undefined ? { reason, message, status } : { reason: ABSENT_REASON, ...absent, status };
}

/** The setting of the policy in force: an open call may be denied by another one than it began under. */
function saying({ route, policy }: Exchange): 'conceal' | 'explain' | 'http' {
  return (route.policy.current() ?? policy)?.denials ?? 'conceal';
}

const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;
/** Before MCP 2026-07-28, "Resources", error handling. */
const RESOURCE_NOT_FOUND = -32002;

/** What a concealed denial gives as its reason, whatever the real one is: that one is in the record. */
const ABSENT_REASON = 'tool_not_granted' satisfies ErrorCode;

/** Reasons that would tell something about a tool, prompt or resource. */
const ABOUT_A_THING: ReadonlySet<ErrorCode> = new Set([
  'no_matching_grant',
  'tool_denied',
  'tool_not_granted',
  'tool_side_effect_unknown',
  'side_effect_not_allowed',
  'grant_without_trust',
  'trust_too_low',
  'condition_not_met',
]);

/** What a server says of a thing that it does not have; undefined when the message is about no single thing. */
function absenceOf({ target, era }: Exchange): (Partial<Refusal> & Pick<Refusal, 'message'>) | undefined {
  switch (target?.kind) {
    case 'tool':
      return { code: INVALID_PARAMS, message: `Unknown tool: ${target.name}` };
    case 'prompt':
      return { code: INVALID_PARAMS, message: `Unknown prompt: ${target.name}` };
    case 'resource':
    case 'template':
      return { ...noResource(era), data: { uri: target.uri } };
    case 'subscription':
      return noResource(era);
    case 'task':
      return UNKNOWN_TASK;
    default:
      return undefined;
  }
}

function noResource({ kind }: Exchange['era']): { readonly code: number; readonly message: string } {
  return { code: kind === 'modern' ? INVALID_PARAMS : RESOURCE_NOT_FOUND, message: 'Resource not found' };
}

/**
 * HTTP status of a denial. A request is answered in band, so that clients neither log in again nor fall back to an older
 * protocol; what has no answer in band, and the question which protocol is spoken, get the status itself.
 */
function statusOf(exchange: Exchange, status: number): number {
  return status === 403 && isInBand(exchange) ? 200 : status;
}

/** To the question which protocol is spoken a 429 would say “an older one”; 503 says “later”. */
function limitStatus(exchange: Exchange, said: 'conceal' | 'explain' | 'http'): number {
  if (!isInBand(exchange)) return 503;
  return said === 'http' ? 429 : 200;
}

function isInBand({ verb, message }: Exchange): boolean {
  return verb === 'POST' && message?.kind === 'request' && message.method !== 'server/discover';
}
