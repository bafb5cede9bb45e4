import { AppError, asAppError } from '@mcp-runtime/api';
import { SseSplitter, type SseEvent, filterList, isResponse, outcomeOf } from '@mcp-runtime/mcp';
import { errorBody, idOf } from '../reply.ts';
import { type AnswerBody, type Delivery, write, writeHead } from './delivery.ts';
import { type ListView, unreadable } from './list.ts';

/** More of these waiting means that the record is slow: the server waits. */
const MAX_WAITING = 64;

/**
 * Passes events through byte for byte, in order. The record is written before the event that carries the response; lists in
 * it are filtered by the views.
 */
export function eventsBody(delivery: Delivery, views: readonly ListView[], maxEventBytes: number): AnswerBody {
  const { exchange, flow } = delivery;
  const splitter = new SseSplitter(maxEventBytes);
  const waiting: SseEvent[] = [];
  let isDraining = false;
  let drained: Promise<void> = Promise.resolve();
  let hasAnswered = false;
  writeHead(delivery, {});
  exchange.response.flushHeaders();
  return {
    onChunk: (chunk) => {
      try {
        waiting.push(...splitter.push(chunk));
      } catch {
        void delivery.fail(new AppError('upstream_unavailable', 'the MCP server sent an event that is too long'));
        return;
      }
      if (waiting.length > MAX_WAITING) flow.pause();
      // After a failure nothing is drained any more: nothing else of the server may pass.
      if (!isDraining) drained = drain().catch((error: unknown) => delivery.fail(asAppError(error)));
    },
    onEnd: async () => {
      await drained;
      const isWhole = hasAnswered || exchange.message?.kind !== 'request';
      await delivery.record({ status: delivery.status, outcome: isWhole ? 'ok' : 'upstream_error' });
      exchange.response.end();
    },
  };

  async function drain(): Promise<void> {
    isDraining = true;
    for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) {
      if (event.data !== '' && isResponse(event.data)) await answer(event);
      else write(delivery, event.bytes);
    }
    isDraining = false;
    flow.resume();
  }

  async function answer(event: SseEvent): Promise<void> {
    hasAnswered = true;
    const shown = shownOf(event.data, views);
    const outcome = shown === undefined ? 'upstream_error' : outcomeOf(shown);
    await delivery.record({ status: delivery.status, outcome });
    if (shown === undefined) write(delivery, dataEvent(refusedList()));
    else write(delivery, shown === event.data ? event.bytes : replaced(event, shown));
  }

  function refusedList(): string {
    const { message } = unreadable();
    return errorBody(idOf(exchange), -32603, message, { requestId: exchange.requestId });
  }
}

/** A response through all views; undefined when it cannot be read without ambiguity. */
function shownOf(data: string, views: readonly ListView[]): string | undefined {
  let shown: string | undefined = data;
  for (const { of, isVisible } of views) {
    if (shown !== undefined) shown = filterList(Buffer.from(shown), of, isVisible);
  }
  return shown;
}

export function dataEvent(json: string): string {
  return `event: message\ndata: ${json}\n\n`;
}

/** The event with other data; its other lines, such as the id, stay. */
function replaced(event: SseEvent, data: string): string {
  const lines = event.bytes.toString('utf8').split(/\r\n|\r|\n/);
  const others = lines.filter((line) => line !== '' && line !== 'data' && !line.startsWith('data:'));
  return [...others, ...data.split('\n').map((line) => `data: ${line}`), '', ''].join('\n');
}
