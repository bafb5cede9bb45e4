import { isRecord } from '@mcp-runtime/base';
import { itemTexts, memberText, readJsonText, withMembers } from '@mcp-runtime/mcp';

/** A response of a server of MCP 2026-07-28. All texts are JSON as the server wrote it. */
export type ModernAnswer =
  | { readonly kind: 'complete'; readonly result: string }
  | { readonly kind: 'asks'; readonly requests: string; readonly requestState: string | undefined }
  | { readonly kind: 'error'; readonly code: number; readonly error: string; readonly data: unknown }
  /** `why` is for the log. */
  | { readonly kind: 'unreadable'; readonly why: string };

const MAX_DEPTH = 128;

/** Reads the response to the request `id`. Never throws. */
export function readAnswer(bytes: Uint8Array, id: string | number): ModernAnswer {
  const read = readJsonText(bytes, { maxDepth: MAX_DEPTH });
  if (!read.ok || !isRecord(read.value)) return unreadable(read.ok ? 'not_an_object' : read.fault);
  const { text, value } = read;
  const hasResult = Object.hasOwn(value, 'result');
  if (hasResult === Object.hasOwn(value, 'error')) return unreadable('not a response');
  const error = value['error'];
  const isNameless = !hasResult && value['id'] === null;
  if (value['id'] !== id && !isNameless) return unreadable('a response to another request');
  if (!hasResult) {
    const code = isRecord(error) ? error['code'] : undefined;
    if (!isRecord(error) || typeof code !== 'number') return unreadable('an error without a code');
    return { kind: 'error', code, error: memberText(text, 'error') ?? '{}', data: error['data'] };
  }
  return readResult(value['result'], memberText(text, 'result') ?? '');
}

function readResult(result: unknown, text: string): ModernAnswer {
  if (!isRecord(result)) return unreadable('a result that is no object');
  const { resultType = 'complete' } = result;
  if (resultType === 'complete') return { kind: 'complete', result: text };
  // Such as a task that nobody asked for.
  if (resultType !== 'input_required') return unreadable('a kind of result that the client did not ask for');
  const { inputRequests = {}, requestState } = result;
  const isState = requestState === undefined || typeof requestState === 'string';
  if (!isRecord(inputRequests) || !isState) return unreadable('questions that cannot be read');
  return {
    kind: 'asks',
    requests: memberText(text, 'inputRequests') ?? '{}',
    requestState: memberText(text, 'requestState'),
  };
}

function unreadable(why: string): ModernAnswer {
  return { kind: 'unreadable', why };
}

/** A complete result as legacy clients know it: without the members of MCP 2026-07-28, every other byte as it was. */
export function legacyResult(method: string, result: string): string {
  const plain = withMembers(result, { resultType: undefined, ttlMs: undefined, cacheScope: undefined });
  if (method === 'tools/list') return withObjectSchemas(plain);
  return method === 'tools/call' ? withObjectContent(plain) : plain;
}

/** An output schema is that of an object before MCP 2026-07-28, and strict clients refuse the whole list for another one. */
function withObjectSchemas(result: string): string {
  const tools = memberText(result, 'tools');
  if (tools === undefined) return result;
  const shown = itemTexts(tools).map((tool) => {
    const schema = memberText(tool, 'outputSchema');
    const isOfObject = schema === undefined || memberText(schema, 'type') === '"object"';
    return isOfObject ? tool : withMembers(tool, { outputSchema: undefined });
  });
  return withMembers(result, { tools: `[${shown.join(',')}]` });
}

/** Structured content is an object before MCP 2026-07-28. What is none stays readable as text. */
function withObjectContent(result: string): string {
  const structured = memberText(result, 'structuredContent');
  if (structured === undefined || structured.startsWith('{')) return result;
  const hasText = itemTexts(memberText(result, 'content') ?? '[]').length > 0;
  const content = hasText ? {} : { content: JSON.stringify([{ type: 'text', text: structured }]) };
  return withMembers(result, { structuredContent: undefined, ...content });
}

const INVALID_PARAMS = -32602;
const RESOURCE_NOT_FOUND = '-32002';

/** An error object as legacy clients know it. `isOurs`: the client has done nothing that could cause it. */
export function legacyError(
  method: string,
  { code, error, data }: Extract<ModernAnswer, { kind: 'error' }>,
): { readonly error: string; readonly isOurs: boolean } {
  if (OF_THE_ERA.has(code)) return { error: JSON.stringify(UNAGREED), isOurs: true };
  const isMissing = method === 'resources/read' && code === INVALID_PARAMS && isRecord(data) && 'uri' in data;
  return { error: isMissing ? withMembers(error, { code: RESOURCE_NOT_FOUND }) : error, isOurs: false };
}

/** Header mismatch, missing client capability, unsupported version: legacy clients must not see them. */
const OF_THE_ERA: ReadonlySet<number> = new Set([-32020, -32021, -32022]);
export const UNAGREED = {
  code: -32603,
  message: 'the MCP server and the gateway do not agree on the protocol',
} as const;
