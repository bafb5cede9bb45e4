import { AppError, asAppError } from '@mcp-runtime/api';
import { SseSplitter, type SseEvent, isResponse, outcomeOf } from '@mcp-runtime/mcp';
import { errorBody, idOf } from '../reply.ts';
import { type AnswerBody, type Delivery, write, writeHead } from './delivery.ts';
import { type View, noticeThrough, responseThrough } from './view.ts';
import { unreadable } from './whole.ts';

/** More of these waiting means that the record is slow: the server waits. */
const MAX_WAITING = 64;

/**
 * Passes events through in order, byte for byte but for what the views take out or change. The record is written before the
 * event that carries the response.
 */
export function eventsBody(delivery: Delivery, views: readonly View[], maxEventBytes: number): AnswerBody {
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
      else pass(event);
    }
    isDraining = false;
    flow.resume();
  }

  function pass(event: SseEvent): void {
    const shown = event.data === '' ? '' : noticeThrough(views, event.data);
    if (shown !== undefined) write(delivery, shown === event.data ? event.bytes : replaced(event, shown));
  }

  async function answer(event: SseEvent): Promise<void> {
    hasAnswered = true;
    const shown = responseThrough(views, event.data);
    const outcome = shown === undefined ? 'upstream_error' : outcomeOf(shown);
    await delivery.record({ status: delivery.status, outcome });
    if (shown === undefined) write(delivery, dataEvent(refused()));
    else write(delivery, shown === event.data ? event.bytes : replaced(event, shown));
  }

  function refused(): string {
    const { message } = unreadable();
    return errorBody(idOf(exchange), -32603, message, { requestId: exchange.requestId });
  }
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
