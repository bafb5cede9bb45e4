import { isRecord } from '@mcp-runtime/base';
import { memberText, withMembers } from '@mcp-runtime/mcp';
import { type BridgedSession, canBeAsked } from './session.ts';

/** A question of a server, as the request that a legacy client gets. */
export interface Question {
  /** Its name in the round of the server. */
  readonly key: string;
  readonly id: string;
  readonly method: string;
  /** The JSON-RPC request, as a JSON text. */
  readonly request: string;
  /** Of a question that is answered at a URL (MCP 2025-11-25, "URL mode"). */
  readonly elicitationId: string | undefined;
}

export type Round =
  | { readonly ok: true; readonly questions: readonly Question[] }
  /** `why` is for the client. */
  | { readonly ok: false; readonly why: string };

const MAX_QUESTIONS = 16;

/** The questions of one round. `requests` is the JSON text of `inputRequests`, an object. */
export function questionsOf(requests: string, session: BridgedSession, newId: () => string): Round {
  const parsed: unknown = JSON.parse(requests);
  const entries = Object.entries(isRecord(parsed) ? parsed : {});
  if (entries.length > MAX_QUESTIONS) return { ok: false, why: 'the MCP server asks too many questions at once' };
  const questions: Question[] = [];
  for (const [key, asked] of entries) {
    const method = isRecord(asked) ? asked['method'] : undefined;
    const params = isRecord(asked) && isRecord(asked['params']) ? asked['params'] : {};
    if (typeof method !== 'string') return { ok: false, why: 'the MCP server asks something that cannot be read' };
    if (!canBeAsked(session, method, params)) {
      return {
        ok: false,
        why: `the MCP server asks for \`${kindOf(method, params)}\`, which the client does not support`,
      };
    }
    questions.push(questionOf(key, method, params, memberText(memberText(requests, key) ?? '{}', 'params'), newId));
  }
  return { ok: true, questions };
}

function questionOf(
  key: string,
  method: string,
  { mode }: Readonly<Record<string, unknown>>,
  params: string | undefined,
  newId: () => string,
): Question {
  const id = newId();
  const elicitationId = method === 'elicitation/create' && mode === 'url' ? newId() : undefined;
  const given =
    elicitationId === undefined
      ? params
      : withMembers(params ?? '{}', { elicitationId: JSON.stringify(elicitationId) });
  const request = withMembers(JSON.stringify({ jsonrpc: '2.0', id, method }), { params: given });
  return { key, id, method, request, elicitationId };
}

const KINDS: Readonly<Record<string, string>> = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
};

function kindOf(method: string, { mode, tools }: Readonly<Record<string, unknown>>): string {
  const kind = Object.hasOwn(KINDS, method) ? KINDS[method] : undefined;
  if (kind === undefined) return method.slice(0, 64);
  if (mode === 'url') return `${kind} by URL`;
  return method === 'sampling/createMessage' && tools !== undefined ? `${kind} with tools` : kind;
}

/** Tells a client that what it was sent to a URL for is done (MCP 2025-11-25, "Completion notifications"). */
export function completionNotice(elicitationId: string): string {
  return JSON.stringify({ jsonrpc: '2.0', method: 'notifications/elicitation/complete', params: { elicitationId } });
}

/** Tells a client that its answer is not waited for any more. */
export function withdrawal(requestId: string, reason: string): string {
  return JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId, reason } });
}
