/** One event of a stream, with the bytes that carried it, its closing empty line included. */
export interface SseEvent {
  readonly bytes: Buffer;
  /** The data lines joined by LF; empty for comments and events without data. */
  readonly data: string;
}

const LF = 0x0a;
const CR = 0x0d;
const BYTE_ORDER_MARK = Buffer.of(0xef, 0xbb, 0xbf);
const NOTHING = Buffer.alloc(0);

/**
 * Cuts a server-sent event stream (WHATWG HTML, "Server-sent events") into events without changing a byte, but that a
 * byte order mark at its start, which means nothing, is dropped. Lines end with LF, CR or CRLF; a character or an event
 * may be split across chunks anywhere.
 */
export class SseSplitter {
  readonly #maxEventBytes: number;
  /** What came of the stream before it is known whether it starts with a byte order mark. */
  #start: Buffer = NOTHING;
  #hasStarted = false;
  /** Parts of the event that has not ended. */
  #held: Buffer[] = [];
  #heldLength = 0;
  #isLineEmpty = true;
  /** A LF that comes next belongs to the end of a line that is past. */
  #isAfterCr = false;

  constructor(maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes;
  }

  /** @throws RangeError when an event is longer than the limit. */
  push(chunk: Buffer): readonly SseEvent[] {
    let pending = this.#hasStarted ? chunk : this.#begin(chunk);
    const events: SseEvent[] = [];
    for (let end = this.#eventEnd(pending); end !== -1; end = this.#eventEnd(pending)) {
      const bytes = this.#take(pending.subarray(0, end));
      events.push({ bytes, data: dataOf(bytes) });
      pending = pending.subarray(end);
    }
    this.#hold(pending);
    return events;
  }

  /** What is left when the stream ends: an event without its empty line, which readers discard. */
  rest(): Buffer {
    return Buffer.concat([this.#start, ...this.#held]);
  }

  #begin(chunk: Buffer): Buffer {
    const start = Buffer.concat([this.#start, chunk]);
    const hasMark = start.subarray(0, 3).equals(BYTE_ORDER_MARK);
    if (!hasMark && BYTE_ORDER_MARK.subarray(0, start.length).equals(start)) {
      this.#start = start;
      return NOTHING;
    }
    this.#hasStarted = true;
    this.#start = NOTHING;
    return hasMark ? start.subarray(3) : start;
  }

  #take(last: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? last : Buffer.concat([...this.#held, last]);
    this.#held = [];
    this.#heldLength = 0;
    return bytes;
  }

  #hold(part: Buffer): void {
    if (part.length === 0) return;
    this.#held.push(part);
    this.#heldLength += part.length;
    if (this.#heldLength > this.#maxEventBytes) throw new RangeError('event too long');
  }

  /** Index after the empty line that ends an event in bytes not looked at before; -1 when none does. */
  #eventEnd(bytes: Buffer): number {
    for (let at = 0; at < bytes.length; at++) {
      const unit = bytes[at];
      const isSecondHalf = unit === LF && this.#isAfterCr;
      this.#isAfterCr = unit === CR;
      if (isSecondHalf) continue;
      const isLineEnd = unit === LF || unit === CR;
      const isEventEnd = isLineEnd && this.#isLineEmpty;
      this.#isLineEmpty = isLineEnd;
      if (!isEventEnd) continue;
      if (unit !== CR || bytes[at + 1] !== LF) return at + 1;
      this.#isAfterCr = false;
      return at + 2;
    }
    return -1;
  }
}

function dataOf(bytes: Buffer): string {
  const lines = bytes.toString('utf8').split(/\r\n|\r|\n/);
  const data = lines.filter((line) => line === 'data' || line.startsWith('data:'));
  return data.map((line) => line.slice(5).replace(/^ /, '')).join('\n');
}
