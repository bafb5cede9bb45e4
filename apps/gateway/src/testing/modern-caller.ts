import { SseSplitter } from '@mcp-runtime/mcp';
import { type Bench } from './bench.ts';

const NAMES: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};

interface ModernAsk {
  readonly id?: string | number;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly capabilities?: object;
  readonly meta?: object;
  readonly token?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** The end of an answer, and what came before it on its stream. */
export interface ModernEnd {
  readonly status: number;
  readonly text: string;
  readonly message: ModernMessage;
  readonly before: readonly ModernMessage[];
}

export interface ModernMessage {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: ModernResult;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data?: Readonly<Record<string, unknown>>;
  };
}

interface ModernResult {
  readonly resultType?: string;
  readonly requestState?: string;
  readonly inputRequests?: Readonly<Record<string, { readonly method: string; readonly params?: object }>>;
  readonly [member: string]: unknown;
}

/** Opens a request of MCP 2026-07-28 and leaves its answer to be read. */
export async function openAsModern(bench: Bench, method: string, ask: ModernAsk = {}): Promise<Response> {
  const { id = 1, params = {}, capabilities = {}, meta = {}, token = {}, signal } = ask;
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': capabilities,
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    ...meta,
  };
  const name = params[NAMES[method] ?? ''];
  return fetch(bench.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${await bench.token(token)}`,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta } }),
    signal: signal ?? null,
  });
}

export async function askAsModern(bench: Bench, method: string, ask: ModernAsk = {}): Promise<ModernEnd> {
  const response = await openAsModern(bench, method, ask);
  const body = Buffer.from(await response.arrayBuffer());
  const isEvents = response.headers.get('content-type') === 'text/event-stream';
  const texts = isEvents ? eventsIn(body) : [body.toString('utf8')];
  const text = texts.at(-1) ?? '';
  const messages = texts.filter((one) => one !== '').map((one): ModernMessage => JSON.parse(one));
  return { status: response.status, text, message: messages.at(-1) ?? {}, before: messages.slice(0, -1) };
}

function eventsIn(body: Buffer): readonly string[] {
  return new SseSplitter(1024 * 1024).push(body).flatMap(({ data }) => (data === '' ? [] : [data]));
}

/** The messages of a stream as they come. */
export async function* messagesOf(response: Response): AsyncGenerator<ModernMessage> {
  const splitter = new SseSplitter(1024 * 1024);
  for await (const chunk of response.body ?? []) {
    for (const { data } of splitter.push(Buffer.from(chunk))) if (data !== '') yield JSON.parse(data);
  }
}
