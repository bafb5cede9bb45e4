import { type PolicyDocument } from '@mcp-runtime/api';
import { type BridgeLimits } from '../eras/legacy-to-modern/bridge.ts';
import { type Bench, startBench, testDocument } from './bench.ts';
import { type ClientOptions, type LegacyClient, connectLegacy, membersOf } from './legacy-client.ts';
import { type ModernServe, modernOnly, sendResult } from './modern-upstream.ts';

type Message = Record<string, unknown> | undefined;

/** A legacy client, a gateway, and a server of MCP 2026-07-28 that answers as a test says. */
export interface BridgedBench extends AsyncDisposable {
  readonly bench: Bench;
  readonly client: LegacyClient;
}

export async function startBridged(
  serve: Readonly<Record<string, ModernServe>>,
  options: ClientOptions = {},
  document: Partial<PolicyDocument> = {},
  bridgeLimits: Partial<BridgeLimits> = {},
): Promise<BridgedBench> {
  const bench = await startBench({
    answer: modernOnly(serve),
    document: testDocument(document),
    probes: 'seen',
    options: { bridgeLimits },
  });
  const client = await connectLegacy(bench, options);
  return { bench, client, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

/** Capabilities of a client that can be asked everything. */
export const ALL = { sampling: { tools: {} }, elicitation: { form: {}, url: {} }, roots: { listChanged: true } };
export const DONE = { content: [{ type: 'text', text: 'done' }] };

export function readCall(id: string | number = 1, args: object = {}): object {
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'read', arguments: args } };
}

/** Asks until it is answered, then says what it was answered. */
export function asking(inputRequests: object, requestState?: string): ModernServe {
  return (request, response) => {
    const { inputResponses } = request.params;
    if (inputResponses !== undefined) return sendResult(request, response, { ...DONE, inputResponses });
    sendResult(request, response, { resultType: 'input_required', inputRequests, requestState });
  };
}

export function resultOf(message: Message): Record<string, unknown> {
  return membersOf(message?.['result']);
}

export function errorOf(message: Message): Record<string, unknown> {
  return membersOf(message?.['error']);
}

export function toolText(message: Message): unknown {
  const { content } = resultOf(message);
  return Array.isArray(content) ? membersOf(content[0])['text'] : undefined;
}
