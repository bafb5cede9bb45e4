import { AppError } from '@mcp-runtime/api';
import { type LocalRuntime } from '@mcp-runtime/local';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

export interface Outcome {
  /** `allowed`, or the reason of the refusal. */
  readonly verdict: string;
  /** For people: what came back. */
  readonly text: string;
  readonly ms: number;
}

/** An agent of the example, connected by an ordinary MCP client. */
export interface Agent {
  call(tool: string, args: Readonly<Record<string, unknown>>): Promise<Outcome>;
  callAsNobody(tool: string, args: Readonly<Record<string, unknown>>): Promise<Outcome>;
  /** The tools that it sees. */
  list(): Promise<Outcome>;
  close(): Promise<void>;
}

interface AgentOptions {
  /** Name of the agent session to act under. */
  readonly session: string;
  readonly server: string;
  readonly signal: AbortSignal;
}

export async function connectAgent(runtime: LocalRuntime, { session, server, signal }: AgentOptions): Promise<Agent> {
  const { token, endpoint } = await runtime.sessionToken(session);
  const headers = { authorization: `Bearer ${token}` };
  const transport = new StreamableHTTPClientTransport(new URL(endpoint), { requestInit: { headers } });
  const client = new Client({ name: 'mcp-runtime-tour', version: '1' });
  try {
    await client.connect(transport);
  } catch (cause) {
    throw new AppError('upstream_unavailable', `the tour cannot connect to \`${server}\``, { cause });
  }
  return {
    call: (tool, args) =>
      timed(async () => {
        const { content } = await client.callTool({ name: tool, arguments: { ...args } }, { signal });
        return firstText(content);
      }),
    callAsNobody: (tool, args) => callWithout(endpoint, tool, args, signal),
    list: () =>
      timed(async () => {
        const { tools } = await client.listTools({}, { signal });
        return `sees ${tools.length}: ${tools.map(({ name }) => name).join(', ')}`;
      }),
    close: async () => {
      await transport.terminateSession().catch(() => {});
      await client.close();
    },
  };
}

async function timed(act: () => Promise<string>): Promise<Outcome> {
  const began = performance.now();
  try {
    const text = await act();
    return { verdict: 'allowed', text, ms: performance.now() - began };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { verdict: reasonOf(error), text: message, ms: performance.now() - began };
  }
}

async function callWithout(
  endpoint: string,
  tool: string,
  args: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<Outcome> {
  const began = performance.now();
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: args } }),
    signal,
  });
  const body: { error?: { message?: string; data?: { reason?: string } } } = JSON.parse(await response.text());
  const verdict = body.error?.data?.reason ?? 'allowed';
  return { verdict, text: `HTTP ${response.status}, ${body.error?.message ?? ''}`, ms: performance.now() - began };
}

function reasonOf(error: unknown): string {
  const data = typeof error === 'object' && error !== null && 'data' in error ? error.data : undefined;
  const reason = typeof data === 'object' && data !== null && 'reason' in data ? data.reason : undefined;
  return typeof reason === 'string' ? reason : 'failed';
}

function firstText(content: unknown): string {
  const [first]: readonly unknown[] = Array.isArray(content) ? content : [];
  const text = typeof first === 'object' && first !== null && 'text' in first ? first.text : '';
  return JSON.stringify(text);
}
