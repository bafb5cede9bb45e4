import { SseSplitter } from '@mcp-runtime/mcp';
import { type Bench } from './bench.ts';

type Members = Record<string, unknown>;

/** An answer to one request, message by message. */
export interface Heard extends AsyncDisposable {
  readonly status: number;
  readonly headers: Headers;
  /** The next message; undefined at the end. The id of its event is in `lastEventId`. */
  next(): Promise<Members | undefined>;
  /** All messages that are still to come. */
  rest(): Promise<readonly Members[]>;
  readonly lastEventId: string | undefined;
  /** The id of the first event that has one, whether there is data in it or not. */
  firstEventId(): Promise<string>;
}

/** A legacy client that writes its own requests. */
export interface LegacyClient {
  readonly sessionId: string;
  /** The result of `initialize`. */
  readonly initialized: Members;
  send(message: object | string, headers?: Readonly<Record<string, string>>): Promise<Heard>;
  /** The last message of the answer. */
  ask(method: string, params?: object, id?: string | number): Promise<Members>;
  get(headers?: Readonly<Record<string, string>>): Promise<Heard>;
  end(): Promise<number>;
}

export interface ClientOptions {
  readonly version?: string;
  readonly capabilities?: object;
  /** Another user's. */
  readonly token?: string;
}

export async function connectLegacy(bench: Bench, options: ClientOptions = {}): Promise<LegacyClient> {
  const { version = '2025-11-25', capabilities = {}, token = await bench.token() } = options;
  const authorization = { authorization: `Bearer ${token}` };
  const clientInfo = { name: 'raw', version: '1' };
  const opening = { protocolVersion: version, capabilities, clientInfo };
  const opened = await bench.post({ jsonrpc: '2.0', id: 0, method: 'initialize', params: opening }, authorization);
  const sessionId = opened.headers.get('mcp-session-id') ?? '';
  const body: unknown = await opened.json();
  const initialized = membersOf(body);
  const standing = { ...authorization, 'mcp-session-id': sessionId, 'mcp-protocol-version': version };
  const client: LegacyClient = {
    sessionId,
    initialized: membersOf(initialized['result'] ?? initialized['error']),
    send: async (message, headers = {}) => hear(await bench.post(message, { ...standing, ...headers })),
    ask: async (method, params = {}, id = 1) => {
      await using heard = await client.send({ jsonrpc: '2.0', id, method, params });
      return (await heard.rest()).at(-1) ?? {};
    },
    get: async (headers = {}) =>
      hear(await fetch(bench.url, { headers: { accept: 'text/event-stream', ...standing, ...headers } })),
    end: async () => (await fetch(bench.url, { method: 'DELETE', headers: standing })).status,
  };
  return client;
}

export function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

export function hear(response: Response): Heard {
  const isEvents = response.headers.get('content-type') === 'text/event-stream';
  const reader = response.body?.getReader();
  const splitter = new SseSplitter(1024 * 1024);
  const waiting: Members[] = [];
  let lastEventId: string | undefined;
  let isDone = false;

  async function read(): Promise<void> {
    if (!isEvents) {
      const chunks: Uint8Array[] = [];
      for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) chunks.push(part.value);
      isDone = true;
      const text = Buffer.concat(chunks).toString('utf8');
      if (text !== '') waiting.push(membersOf(JSON.parse(text)));
      return;
    }
    const part = await reader?.read();
    if (part === undefined || part.done) {
      isDone = true;
      return;
    }
    for (const { bytes, data } of splitter.push(Buffer.from(part.value))) {
      lastEventId = /^id: (.*)$/m.exec(bytes.toString('utf8'))?.[1] ?? lastEventId;
      if (data !== '') waiting.push(membersOf(JSON.parse(data)));
    }
  }

  const heard: Heard = {
    status: response.status,
    headers: response.headers,
    next: async () => {
      while (waiting.length === 0 && !isDone) await read();
      return waiting.shift();
    },
    rest: async () => {
      const messages: Members[] = [];
      for (let one = await heard.next(); one !== undefined; one = await heard.next()) messages.push(one);
      return messages;
    },
    get lastEventId() {
      return lastEventId;
    },
    firstEventId: async () => {
      while (lastEventId === undefined && !isDone) await read();
      return lastEventId ?? '';
    },
    [Symbol.asyncDispose]: async () => {
      await reader?.cancel().catch(() => {});
    },
  };
  return heard;
}
