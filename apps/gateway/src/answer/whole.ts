import { isUtf8 } from 'node:buffer';
import { AppError } from '@mcp-runtime/api';
import { outcomeOf } from '@mcp-runtime/mcp';
import { type AnswerBody, type Delivery, writeHead } from './delivery.ts';
import { type View, responseThrough } from './view.ts';

/** Collects an answer and shows of it what the caller may see. */
export function wholeBody(delivery: Delivery, views: readonly View[], maxBytes: number): AnswerBody {
  const { exchange } = delivery;
  const chunks: Buffer[] = [];
  let length = 0;
  return {
    onChunk: (chunk) => {
      length += chunk.length;
      if (length <= maxBytes) chunks.push(chunk);
    },
    onEnd: async () => {
      const whole = Buffer.concat(chunks);
      const isReadable = length <= maxBytes && isUtf8(whole);
      const text = isReadable ? responseThrough(views, whole.toString('utf8')) : undefined;
      if (text === undefined) return delivery.fail(unreadable());
      const body = Buffer.from(text);
      exchange.bytesOut += body.length;
      await delivery.record({ status: delivery.status, outcome: outcomeOf(text) });
      if (exchange.response.destroyed) return;
      writeHead(delivery, { 'content-length': body.length });
      exchange.response.end(body);
    },
  };
}

export function unreadable(): AppError {
  return new AppError('upstream_unavailable', 'the MCP server sent an answer that cannot be checked');
}
