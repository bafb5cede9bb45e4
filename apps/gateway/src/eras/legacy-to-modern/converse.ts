import { AppError } from '@mcp-runtime/api';
import { SseSplitter, isResponse } from '@mcp-runtime/mcp';
import { mediaType } from '../../headers.ts';
import { type Flow, type Upstream, type UpstreamRequest } from '../../upstream/port.ts';

interface Listener {
  /** Each message of the stream before the response, as a JSON text. */
  onMessage(text: string): void;
  /** How the server is held back, from its head on. */
  onFlow(flow: Flow): void;
}

interface Conversation {
  readonly target: URL;
  readonly request: UpstreamRequest;
  /** Giving up on the answer is how MCP 2026-07-28 cancels. */
  readonly signal: AbortSignal;
  readonly maxBytes: number;
}

/**
 * Sends one request and hears the messages that come before its response. Resolves with the bytes of the response, empty when
 * the server gave none; rejects with an AppError when it does not answer, and with the signal's reason.
 */
export function converse(
  upstream: Pick<Upstream, 'send'>,
  { target, request, signal, maxBytes }: Conversation,
  listener: Listener,
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const splitter = new SseSplitter(maxBytes);
  const chunks: Buffer[] = [];
  let length = 0;
  let isEvents = false;
  let isOver = false;
  let giveUp: () => void = () => {};

  const settle = (finish: () => void): void => {
    if (isOver) return;
    isOver = true;
    signal.removeEventListener('abort', abort);
    finish();
  };
  const fail = (error: unknown): void => settle(() => reject(error));
  const abort = (): void => {
    giveUp();
    fail(signal.reason);
  };

  if (signal.aborted) return Promise.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  giveUp = upstream.send(target, request, {
    onHead: (status, headers, flow) => {
      const refused = refusalIn(status);
      if (refused !== undefined) {
        giveUp();
        fail(refused);
        return;
      }
      isEvents = mediaType(headers) === 'text/event-stream';
      listener.onFlow(flow);
    },
    onChunk: (chunk) => {
      // A server that goes on after its response would hold the connection for nobody.
      if (isOver) return giveUp();
      if (isEvents) return hear(chunk);
      length += chunk.length;
      if (length <= maxBytes) chunks.push(chunk);
      else abandon('the MCP server sent an answer that is too long');
    },
    onEnd: () => settle(() => resolve(Buffer.concat(chunks))),
    onFailure: fail,
  });
  return promise;

  function hear(chunk: Buffer): void {
    try {
      for (const { data } of splitter.push(chunk)) {
        if (isOver) return;
        if (data === '') continue;
        if (!isResponse(data)) listener.onMessage(data);
        else settle(() => resolve(Buffer.from(data)));
      }
    } catch {
      abandon('the MCP server sent an event that is too long');
    }
  }

  function abandon(message: string): void {
    giveUp();
    fail(new AppError('upstream_unavailable', message));
  }
}

/** A server that wants another credential, or is out of order: what it says about that is not for the client. */
function refusalIn(status: number): AppError | undefined {
  if (status === 401 || status === 403 || status === 407) {
    return new AppError('upstream_unavailable', 'the MCP server refused the gateway');
  }
  if (status === 429 || status === 503) return new AppError('upstream_unavailable', 'the MCP server is overloaded');
  return undefined;
}
