import { type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { PROBE_CLIENT } from '../eras/probe.ts';
import { type Answer } from './upstream.ts';

/** One message, or one GET or DELETE, as a server of MCP 2025-11-25 got it. */
export interface Said {
  /** Of the message; `response` for an answer, `GET` and `DELETE` for what has none. */
  readonly method: string;
  readonly message: {
    readonly id?: number;
    readonly params?: Params;
    readonly result?: unknown;
    readonly error?: { readonly code: number };
  };
  readonly text: string;
  readonly session: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

type Params = Readonly<Record<string, unknown>>;

/** How a test answers a request. Texts are sent as they are. */
export interface Turn {
  readonly response: ServerResponse;
  result(json: string): void;
  error(code: number, message: string, data?: object): void;
  /** An event stream: each text is one message. */
  events(...messages: readonly string[]): void;
  /** Ends that stream with the result. */
  endWith(json: string): void;
}

type Handler = (said: Said, turn: Turn) => void;

export interface LegacyServer {
  readonly answer: Answer;
  /** What it got, but for the gateway's question about eras. */
  readonly said: readonly Said[];
  /** Sessions that were opened and not ended. */
  readonly sessions: ReadonlySet<string>;
  until(what: (said: Said) => boolean): Promise<Said>;
  /** A message on the stream of every session that has one. */
  push(message: string): void;
  /** It does not know any session any more. */
  forget(): void;
  closeStreams(): void;
}

interface LegacyServerOptions {
  readonly version?: string;
  readonly capabilities?: object;
  readonly streams?: 'none';
  readonly sessions?: 'none';
  readonly on: Readonly<Record<string, Handler>>;
}

/** A server of MCP 2025-11-25 or before that answers as the test says and refuses MCP 2026-07-28. */
export function scriptLegacyServer(options: LegacyServerOptions): LegacyServer {
  const { version = '2025-11-25', capabilities = { tools: {} }, on } = options;
  const said: Said[] = [];
  const sessions = new Set<string>();
  const streams = new Set<ServerResponse>();
  const waiting = new Set<() => void>();
  let count = 0;

  function open(said: Said, response: ServerResponse): void {
    const id = options.sessions === 'none' ? undefined : `session-${(count += 1)}`;
    if (id !== undefined) sessions.add(id);
    response.writeHead(200, {
      'content-type': 'application/json',
      ...(id === undefined ? {} : { 'mcp-session-id': id }),
    });
    const result = {
      protocolVersion: version,
      capabilities,
      serverInfo: { name: 'scripted', version: '7' },
      instructions: 'be kind',
    };
    response.end(JSON.stringify({ jsonrpc: '2.0', id: said.message.id, result }));
  }

  function serve(one: Said, response: ServerResponse): void {
    if (one.method === 'initialize') return open(one, response);
    if (options.sessions !== 'none' && !sessions.has(one.session ?? '')) return end(response, 404);
    if (one.method === 'GET') {
      if (options.streams === 'none') return end(response, 405);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      streams.add(response);
      response.once('close', () => streams.delete(response));
      return undefined;
    }
    if (one.method === 'DELETE') {
      sessions.delete(one.session ?? '');
      return end(response, 200);
    }
    if (one.message.id === undefined || one.method === 'response') return end(response, 202);
    const handler = on[one.method];
    const turn = turnOf(one, response);
    if (handler === undefined) turn.error(-32601, 'Method not found');
    else handler(one, turn);
    return undefined;
  }

  return {
    said,
    sessions,
    answer: ({ method: verb, headers, body }, response) => {
      const message: Said['message'] & { method?: string } = body === '' ? {} : JSON.parse(body);
      const method = verb === 'POST' ? (message.method ?? 'response') : verb;
      if (headers['mcp-protocol-version'] === '2026-07-28') return end(response, 400);
      const session = headers['mcp-session-id'];
      const one = { method, message, text: body, session: typeof session === 'string' ? session : undefined, headers };
      if (method === 'initialize' && body.includes(PROBE_CLIENT.name)) {
        const result = { protocolVersion: version, capabilities, serverInfo: { name: 'scripted', version: '7' } };
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }));
        return undefined;
      }
      said.push(one);
      serve(one, response);
      for (const wake of waiting) wake();
      return undefined;
    },
    until: (what) => {
      const { promise, resolve } = Promise.withResolvers<Said>();
      const look = (): void => {
        const found = said.find(what);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      return promise;
    },
    push: (message) => {
      for (const stream of streams) stream.write(`data: ${message}\n\n`);
    },
    forget: () => sessions.clear(),
    closeStreams: () => {
      for (const stream of streams) stream.end();
    },
  };
}

function turnOf({ message }: Said, response: ServerResponse): Turn {
  const wrap = (json: string): string => `{"jsonrpc":"2.0","id":${message.id},"result":${json}}`;
  return {
    response,
    result: (json) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(wrap(json));
    },
    error: (code, text, data) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, error: { code, message: text, data } }));
    },
    events: (...messages) => {
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const one of messages) response.write(`event: message\ndata: ${one}\n\n`);
    },
    endWith: (json) => {
      response.end(`event: message\ndata: ${wrap(json)}\n\n`);
    },
  };
}

function end(response: ServerResponse, status: number): undefined {
  response.writeHead(status).end();
}
