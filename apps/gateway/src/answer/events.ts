import { AppError, asAppError } from '@mcp-runtime/api';
import { SseSplitter, type SseEvent, isResponse, outcomeOf, responseFrom } from '@mcp-runtime/mcp';
import { errorBody, idOf } from '../reply.ts';
import { type AnswerBody, type Delivery, send, writeHead } from './delivery.ts';
import { type View, noticeThrough, responseThrough } from './view.ts';
import { unreadable } from './whole.ts';

/** More of these waiting means that the record is slow: the server waits. */
const MAX_WAITING = 64;

/**
 * Passes events through in order, byte for byte but for what the views take out or change. The record is written before the
 * event that carries the response.
 */
export function eventsBody(delivery: Delivery, views: readonly View[], maxEventBytes: number): AnswerBody {
  const { exchange, gate } = delivery;
  const splitter = views.length === 0 ? new SseSplitter(maxEventBytes, responseFrom) : new SseSplitter(maxEventBytes);
  const waiting: SseEvent[] = [];
  const queued: Buffer[] = [];
  let isDraining = false;
  let drained: Promise<void> = Promise.resolve();
  let hasAnswered = false;
  let isHeadOut = false;
  writeHead(delivery, {});
  // Events that came with the head go out with it, and so does an answer that waits for its record.
  queueMicrotask(() => {
    if (!isDraining) sendHead();
  });
  return {
    onChunk: (chunk) => {
      try {
        waiting.push(...splitter.push(chunk));
      } catch {
        void delivery.fail(new AppError('upstream_unavailable', 'the MCP server sent an event that is too long'));
        return;
      }
      if (waiting.length > MAX_WAITING) gate.hold('record');
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
      if (event.matters && isResponse(event.data)) await answer(event);
      else pass(event);
    }
    sendQueued();
    sendHead();
    isDraining = false;
    gate.release('record');
  }

  function sendHead(): void {
    if (!isHeadOut && !exchange.response.destroyed) exchange.response.flushHeaders();
    isHeadOut = true;
  }

  function pass(event: SseEvent): void {
    if (!event.matters || event.data === '') return queue(event.bytes);
    const shown = noticeThrough(views, event.data);
    if (shown !== undefined) queue(shown === event.data ? event.bytes : replaced(event, shown));
  }

  /** What came together goes on together: a write costs more than an event. */
  function queue(bytes: Buffer): void {
    exchange.bytesOut += bytes.length;
    queued.push(bytes);
  }

  function sendQueued(): void {
    const [first, ...more] = queued.splice(0);
    if (first === undefined) return;
    isHeadOut = true;
    send(delivery, more.length === 0 ? first : Buffer.concat([first, ...more]));
  }

  async function answer(event: SseEvent): Promise<void> {
    hasAnswered = true;
    const before = queued.length;
    const shown = responseThrough(views, event.data);
    if (shown === undefined) queue(Buffer.from(dataEvent(refused())));
    else queue(shown === event.data ? event.bytes : replaced(event, shown));
    const outcome = shown === undefined ? 'upstream_error' : outcomeOf(shown);
    try {
      await delivery.record({ status: delivery.status, outcome });
    } catch (error) {
      queued.length = before;
      sendQueued();
      throw error;
    }
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
function replaced(event: SseEvent, data: string): Buffer {
  const lines = event.bytes.toString('utf8').split(/\r\n|\r|\n/);
  const others = lines.filter((line) => line !== '' && line !== 'data' && !line.startsWith('data:'));
  return Buffer.from([...others, ...data.split('\n').map((line) => `data: ${line}`), '', ''].join('\n'));
}
