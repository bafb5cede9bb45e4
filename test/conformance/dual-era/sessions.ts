import { randomUUID } from 'node:crypto';
import {
  type EventStore,
  type JSONRPCMessage,
  type McpServer,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';

export interface LegacySessions {
  handle(request: Request): Promise<Response>;
  close(): Promise<void>;
}

const RETRY_MS = 100;

/** Serves the eras before 2026-07-28: a server and a transport for each session, streams that can be resumed. */
export function createLegacySessions(createMcp: () => McpServer): LegacySessions {
  const transports = new Map<string, WebStandardStreamableHTTPServerTransport>();
  return {
    handle: async (request) => {
      const id = request.headers.get('mcp-session-id');
      if (id === null) return (await open()).handleRequest(request);
      return (await transports.get(id)?.handleRequest(request)) ?? sessionNotFound();
    },
    close: async () => {
      await Promise.all([...transports.values()].map((transport) => transport.close()));
    },
  };

  async function open(): Promise<WebStandardStreamableHTTPServerTransport> {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: createEventStore(),
      retryInterval: RETRY_MS,
      onsessioninitialized: (id) => void transports.set(id, transport),
      onsessionclosed: (id) => void transports.delete(id),
    });
    await createMcp().connect(transport);
    return transport;
  }
}

function sessionNotFound(): Response {
  return Response.json(
    { jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Session not found' } },
    { status: 404 },
  );
}

interface StoredEvent {
  readonly id: string;
  readonly streamId: string;
  readonly message: JSONRPCMessage;
}

function createEventStore(): EventStore {
  const events: StoredEvent[] = [];
  return {
    storeEvent: async (streamId, message) => {
      const id = `${streamId}_${events.length}`;
      events.push({ id, streamId, message });
      return id;
    },
    getStreamIdForEventId: async (id) => events.find((event) => event.id === id)?.streamId,
    replayEventsAfter: async (lastId, { send }) => {
      const last = events.findIndex((event) => event.id === lastId);
      const streamId = events[last]?.streamId ?? '';
      const missed = events.slice(last + 1).filter((event) => event.streamId === streamId);
      for (const { id, message } of missed) await send(id, message);
      return streamId;
    },
  };
}
