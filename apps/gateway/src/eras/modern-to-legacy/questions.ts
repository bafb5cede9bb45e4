import { memberText, withMembers } from '@mcp-runtime/mcp';
import { completeResult } from './results.ts';

/** A question of a server that its client has not answered. Texts are JSON as the server spelled it. */
export interface Question {
  /** Of the JSON-RPC request. */
  readonly id: string;
  readonly method: string;
  readonly params: string | undefined;
}

/** Questions as the result of the request that they came up in (MCP 2026-07-28, "Multi round-trip requests"). */
export function inputRequired(
  questions: ReadonlyMap<string, Pick<Question, 'method' | 'params'>>,
  requestState: string,
  serverInfo: string | undefined,
): string {
  const requests = [...questions].map(([key, { method, params }]) => {
    const carried = params === undefined ? '' : `,"params":${carriedParams(params)}`;
    return `${JSON.stringify(key)}:{"method":${JSON.stringify(method)}${carried}}`;
  });
  const result = `{"inputRequests":{${requests.join(',')}},"requestState":${JSON.stringify(requestState)}}`;
  return withMembers(completeResult('', result, serverInfo), { resultType: '"input_required"' });
}

/** Without what MCP 2026-07-28 has no use for: progress of the answer, and the id of a completion notice. */
function carriedParams(params: string): string {
  const meta = memberText(params, '_meta');
  const left = meta?.startsWith('{') === true ? withMembers(meta, { progressToken: undefined }) : '{}';
  return withMembers(params, { _meta: left === '{}' ? undefined : left, elicitationId: undefined });
}

/** The answers that a caller brought, by the key of their question. */
export function answersIn(inputResponses: string | undefined, keys: Iterable<string>): ReadonlyMap<string, string> {
  const answers = new Map<string, string>();
  if (inputResponses?.startsWith('{') !== true) return answers;
  for (const key of keys) {
    const answer = memberText(inputResponses, key);
    if (answer?.startsWith('{') === true) answers.set(key, answer);
  }
  return answers;
}

/** URLs that a user has to open before a request can succeed (error -32042 of MCP 2025-11-25), as questions. */
export function urlQuestions(error: string): ReadonlyMap<string, Pick<Question, 'method' | 'params'>> {
  const elicitations: unknown = JSON.parse(memberText(memberText(error, 'data') ?? '{}', 'elicitations') ?? '[]');
  const questions = new Map<string, Pick<Question, 'method' | 'params'>>();
  for (const [index, elicitation] of (Array.isArray(elicitations) ? elicitations : []).entries()) {
    if (typeof elicitation !== 'object' || elicitation === null) continue;
    const params = JSON.stringify({ ...elicitation, mode: 'url' });
    questions.set(`url-${index + 1}`, { method: 'elicitation/create', params });
  }
  return questions;
}
