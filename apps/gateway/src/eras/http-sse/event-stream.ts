import { AppError } from '@mcp-runtime/api';
import { SseSplitter } from '@mcp-runtime/mcp';
import { mediaType } from '../../headers.ts';
import { type AnswerReceiver, type Flow } from '../../upstream/port.ts';

export interface EventHandlers {
  onOpen(flow: Flow): void;
  onEvent(name: string, data: string): void;
  /** The stream has ended, or there never was one. */
  onEnd(error: AppError): void;
}

/** Reads the stream of an HTTP+SSE server. Bounds what one event may be. */
export function eventReceiver(handlers: EventHandlers, maxEventBytes: number): AnswerReceiver {
  const splitter = new SseSplitter(maxEventBytes);
  let isOver = false;
  const end = (message: string): void => {
    if (isOver) return;
    isOver = true;
    handlers.onEnd(new AppError('upstream_unavailable', message));
  };
  return {
    onHead: (status, headers, flow) => {
      if (status === 200 && mediaType(headers) === 'text/event-stream') handlers.onOpen(flow);
      else
        end(status === 401 || status === 403 ? 'the MCP server refused the gateway' : 'the MCP server opens no stream');
    },
    onChunk: (chunk) => {
      if (isOver) return;
      try {
        for (const { bytes, data } of splitter.push(chunk)) if (data !== '') handlers.onEvent(nameOf(bytes), data);
      } catch {
        end('the MCP server sent an event that is too long');
      }
    },
    onEnd: () => end('the MCP server ended its stream'),
    onFailure: (error) => {
      if (isOver) return;
      isOver = true;
      handlers.onEnd(error);
    },
  };
}

/** The last `event` line counts, and none is `message` (WHATWG HTML, "Server-sent events"). */
function nameOf(bytes: Buffer): string {
  const lines = bytes.toString('utf8').split(/\r\n|\r|\n/);
  const line = lines.findLast((one) => one === 'event' || one.startsWith('event:'));
  const name = line?.slice('event:'.length).replace(/^ /, '') ?? '';
  return name === '' ? 'message' : name;
}
