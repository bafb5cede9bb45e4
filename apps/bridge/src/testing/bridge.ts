import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { silentLogger, systemClock } from '@mcp-runtime/base';
import { startBridge } from '../bridge.ts';
import { type Bridge, type BridgeOptions } from '../options.ts';

/** A bridge in front of `testdata/server.mjs`, for tests. */
export function aBridge(options: Partial<BridgeOptions> = {}, behaviour = 'plain'): Promise<Bridge> {
  return startBridge({
    command: process.execPath,
    args: [fileURLToPath(new URL('../testdata/server.mjs', import.meta.url)), behaviour],
    env: { GREETING: 'hello' },
    cwd: process.cwd(),
    listen: { host: '127.0.0.1', port: 0 },
    path: '/mcp',
    process: 'per-session',
    maxSessions: 10,
    idleTimeoutMs: 60_000,
    maxMessageBytes: 100_000,
    log: silentLogger,
    clock: systemClock,
    ...options,
  });
}

const PATIENCE_MS = 10_000;

/** Resolves when `check` holds. */
export async function until(check: () => boolean): Promise<void> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  while (!check()) {
    patience.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Whether a process is there and is not a zombie that its new parent has yet to reap. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

/** What a POST got: status, and the JSON or the messages of the stream. */
interface Answer {
  readonly status: number;
  readonly session: string;
  readonly type: string;
  readonly messages: readonly Answered[];
}

interface Answered {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: {
    readonly content?: readonly { readonly text: string }[];
    readonly serverInfo?: { version: string };
  };
  readonly error?: { readonly code: number; readonly message: string };
}

export async function post(bridge: Bridge, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(bridge.url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  const texts =
    type === 'text/event-stream' ? [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => data ?? '') : [text];
  return {
    status: response.status,
    session: response.headers.get('mcp-session-id') ?? '',
    type,
    messages: texts.filter((one) => one !== '').map((one) => answered(JSON.parse(one))),
  };
}

function answered(value: unknown): Answered {
  assert.ok(isObject(value));
  return value;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** One legacy client: a session, and calls in it. */
export async function aClient(bridge: Bridge, protocolVersion = '2025-06-18') {
  const hello = await post(bridge, {
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion, capabilities: {}, clientInfo: { name: 'test', version: '1' } },
  });
  const headers = { 'Mcp-Session-Id': hello.session, 'MCP-Protocol-Version': protocolVersion };
  const send = (message: object): Promise<Answer> => post(bridge, { jsonrpc: '2.0', ...message }, headers);
  return {
    hello,
    headers,
    send,
    call: (id: unknown, name: string, args: object = {}, meta?: object): Promise<Answer> =>
      send({ id, method: 'tools/call', params: { name, arguments: args, ...(meta && { _meta: meta }) } }),
    end: (): Promise<globalThis.Response> => fetch(bridge.url, { method: 'DELETE', headers }),
  };
}

/** Calls a tool with id 9 whose answer is a stream, and returns what reads the next chunk of it. */
export async function streamOf(
  bridge: Bridge,
  { headers }: { readonly headers: Record<string, string> },
  tool: string,
): Promise<() => Promise<string>> {
  const response = await fetch(bridge.url, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name: tool } }),
  });
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  const reader = response.body?.getReader();
  return async () => new TextDecoder().decode((await reader?.read())?.value);
}

export function textOf(answer: Answer): string | undefined {
  return answer.messages.at(-1)?.result?.content?.[0]?.text;
}
