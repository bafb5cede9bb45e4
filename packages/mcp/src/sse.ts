/** One event of a stream, with the bytes that carried it, its closing empty line included. */
export interface SseEvent {
  readonly bytes: Buffer;
  /** The data lines joined by LF; empty for comments and events without data. */
  readonly data: string;
}

const LF = 0x0a;
const CR = 0x0d;

/**
 * Cuts a server-sent event stream (WHATWG HTML, "Server-sent events") into events without changing a byte.
 * Lines end with LF, CR or CRLF; a character or an event may be split across chunks anywhere.
 */
export class SseSplitter {
  readonly #maxEventBytes: number;
  #pending: Buffer = Buffer.alloc(0);
  /** Where the search for the end of the event goes on. */
  #searched = 0;

  constructor(maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes;
  }

  /** @throws RangeError when an event is longer than the limit. */
  push(chunk: Buffer): readonly SseEvent[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const events: SseEvent[] = [];
    for (let end = this.#eventEnd(); end !== -1; end = this.#eventEnd()) {
      const bytes = this.#pending.subarray(0, end);
      events.push({ bytes, data: dataOf(bytes) });
      this.#pending = this.#pending.subarray(end);
      this.#searched = 0;
    }
    if (this.#pending.length > this.#maxEventBytes) throw new RangeError('event too long');
    return events;
  }

  /** What is left when the stream ends: an event without its empty line, which readers discard. */
  rest(): Buffer {
    return this.#pending;
  }

  /** Index after the empty line that ends the first pending event; -1 when it is not there yet. */
  #eventEnd(): number {
    const bytes = this.#pending;
    let lineStart = this.#searched;
    for (let at = this.#searched; at < bytes.length; at++) {
      const unit = bytes[at];
      if (unit !== LF && unit !== CR) continue;
      // A CR at the very end may be the first half of CRLF.
      if (unit === CR && at + 1 === bytes.length) break;
      const next = unit === CR && bytes[at + 1] === LF ? at + 2 : at + 1;
      if (at === lineStart) return next;
      lineStart = next;
      at = next - 1;
    }
    this.#searched = lineStart;
    return -1;
  }
}

function dataOf(bytes: Buffer): string {
  const lines = bytes
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/);
  const data = lines.filter((line) => line === 'data' || line.startsWith('data:'));
  return data.map((line) => line.slice(5).replace(/^ /, '')).join('\n');
}
