import { AppError, type ListedKind } from '@mcp-runtime/api';
import { filterList, outcomeOf } from '@mcp-runtime/mcp';
import { type AnswerBody, type Delivery, writeHead } from './delivery.ts';

export interface ListView {
  readonly of: ListedKind;
  readonly isVisible: (nameOrUri: string) => boolean;
}

/** Collects a list and shows of it what the caller may use. */
export function listBody(delivery: Delivery, view: ListView, maxBytes: number): AnswerBody {
  const { exchange } = delivery;
  const chunks: Buffer[] = [];
  let length = 0;
  return {
    onChunk: (chunk) => {
      length += chunk.length;
      if (length <= maxBytes) chunks.push(chunk);
    },
    onEnd: async () => {
      const text = length > maxBytes ? undefined : filterList(Buffer.concat(chunks), view.of, view.isVisible);
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
  return new AppError('upstream_unavailable', 'the MCP server sent a list that cannot be read');
}
