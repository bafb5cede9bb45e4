import { type IncomingMessage } from 'node:http';
import { AppError } from '@mcp-runtime/api';

/** Bodies of requests, in bounded memory: of one, and of all together. */
export interface Bodies {
  /**
   * The whole body. Rejects with `request_too_large` as soon as a bound is passed, `overloaded` when all together hold too
   * much, `canceled` when the client goes away.
   */
  read(request: IncomingMessage): Promise<Buffer>;
  /** Of a request that has ended: its body is needed no more. */
  release(request: IncomingMessage): void;
}

/** Bodies of the largest size that are held at once. */
const LARGEST_AT_ONCE = 64;
/** What is smaller is always taken: those who send much must not keep out everybody else. */
const SMALL_BYTES = 64 * 1024;
/** Pieces of one body. Each costs far more than a byte, whoever sends it. */
const MAX_PIECES = 65_536;
/** Small pieces are joined when there are so many of them. */
const JOIN_AT = 256;
const SMALL_PIECE_BYTES = 1024;

export function createBodies(limits: { readonly maxBodyBytes: number }): Bodies {
  const held = new Map<IncomingMessage, number>();
  let heldBytes = 0;

  function hold(request: IncomingMessage, length: number): AppError | undefined {
    const { maxBodyBytes } = limits;
    if (length > maxBodyBytes) {
      return new AppError('request_too_large', `the body has more than ${maxBodyBytes} bytes`);
    }
    const before = held.get(request) ?? 0;
    const isTooMuch = heldBytes + length - before > LARGEST_AT_ONCE * maxBodyBytes;
    if (isTooMuch && length > SMALL_BYTES) return new AppError('overloaded', 'too many large bodies are held');
    held.set(request, length);
    heldBytes += length - before;
    return undefined;
  }

  return {
    read: (request) => {
      const declared = Number(request.headers['content-length'] ?? 0);
      const { maxBodyBytes } = limits;
      if (declared > maxBodyBytes) {
        const message = `the body has ${declared} bytes, ${maxBodyBytes} are allowed`;
        return Promise.reject(new AppError('request_too_large', message));
      }
      return readWhole(request, (length) => hold(request, length));
    },
    release: (request) => {
      heldBytes -= held.get(request) ?? 0;
      held.delete(request);
    },
  };
}

/** `hold` is told how long the body is so far, and says why it is not read on. */
function readWhole(request: IncomingMessage, hold: (length: number) => AppError | undefined): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const parts = new Parts();
  request.on('data', (chunk: Buffer) => {
    parts.add(chunk);
    const fault = parts.fault() ?? hold(parts.length);
    if (fault === undefined) return;
    parts.take();
    request.removeAllListeners('data');
    request.resume();
    reject(fault);
  });
  request.once('end', () => resolve(parts.take()));
  const gone = (): void => reject(new AppError('canceled', 'the caller went away'));
  request.once('error', gone);
  // Every request closes; building an error for one that was read whole would cost as much as reading it.
  request.once('close', () => {
    if (!request.readableEnded) gone();
  });
  return promise;
}

/** A body as it comes. The pieces of a sender who makes them of one byte would take a hundred times what they hold. */
class Parts {
  readonly #whole: Buffer[] = [];
  readonly #small: Buffer[] = [];
  #pieces = 0;
  length = 0;

  add(piece: Buffer): void {
    this.length += piece.length;
    this.#pieces += 1;
    if (piece.length < SMALL_PIECE_BYTES && this.#small.push(piece) < JOIN_AT) return;
    this.#join();
    if (piece.length >= SMALL_PIECE_BYTES) this.#whole.push(piece);
  }

  fault(): AppError | undefined {
    if (this.#pieces <= MAX_PIECES) return undefined;
    return new AppError('request_too_large', `the body came in more than ${MAX_PIECES} pieces`);
  }

  /** The request and its listeners live as long as the call: a large body that stayed here would be held twice. */
  take(): Buffer {
    this.#join();
    const parts = this.#whole.splice(0);
    const [first] = parts;
    return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
  }

  #join(): void {
    const [first, ...more] = this.#small.splice(0);
    if (first !== undefined) this.#whole.push(more.length === 0 ? first : Buffer.concat([first, ...more]));
  }
}

const MAX_DISCARDED_BYTES = 32 * 1024 * 1024;
const MAX_DISCARDING_MS = 2000;

/**
 * Reads on and throws away, within bounds: a client that is still sending when the connection closes sees a reset in place
 * of the answer.
 */
export function discardRest(request: IncomingMessage): Promise<void> {
  if (request.readableEnded || request.destroyed) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  let length = 0;
  let pieces = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    pieces += 1;
    if (length > MAX_DISCARDED_BYTES || pieces > MAX_PIECES) resolve();
  });
  request.once('end', resolve);
  request.once('close', resolve);
  const late = setTimeout(resolve, MAX_DISCARDING_MS);
  return promise.finally(() => clearTimeout(late));
}
