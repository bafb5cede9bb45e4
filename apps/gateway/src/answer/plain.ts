import { outcomeOfBytes } from '@mcp-runtime/mcp';
import { type AnswerBody, type Delivery, write, writeHead } from './delivery.ts';

/** Longest answer that is looked into for how it ended. */
const MAX_LOOKED_INTO = 64 * 1024;

/** Streams an answer as it comes and keeps its last part back until the record is written. */
export function plainBody(delivery: Delivery): AnswerBody {
  const { exchange } = delivery;
  const seen: Buffer[] = [];
  let seenLength = 0;
  let held: Buffer | undefined;
  return {
    onChunk: (chunk) => {
      seenLength += chunk.length;
      if (seenLength <= MAX_LOOKED_INTO) seen.push(chunk);
      if (held !== undefined) {
        writeHead(delivery, delivery.length === undefined ? {} : { 'content-length': delivery.length });
        write(delivery, held);
      }
      held = chunk;
    },
    onEnd: async () => {
      const last = held;
      exchange.bytesOut += last?.length ?? 0;
      await delivery.record({ status: delivery.status, outcome: outcome() });
      const { response } = exchange;
      if (response.destroyed) return;
      writeHead(delivery, hasBody(delivery.status) ? { 'content-length': last?.length ?? 0 } : {});
      response.end(last);
    },
  };

  function outcome(): 'ok' | 'rpc_error' | 'tool_error' | 'upstream_error' {
    if (exchange.message?.kind !== 'request') return delivery.status < 400 ? 'ok' : 'upstream_error';
    const [first] = seen;
    if (first === undefined || seenLength > MAX_LOOKED_INTO) return delivery.status < 400 ? 'ok' : 'upstream_error';
    const found = outcomeOfBytes(seen.length === 1 ? first : Buffer.concat(seen));
    return found === 'ok' && delivery.status >= 400 ? 'upstream_error' : found;
  }
}

function hasBody(status: number): boolean {
  return status !== 204 && status !== 304;
}
