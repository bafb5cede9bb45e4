/** One event of a stream, or several that do not matter, with the bytes that carried it, its closing empty line included. */
export class SseEvent {
  readonly bytes: Buffer;
  readonly matters: boolean;
  #data: string | undefined;

  constructor(bytes: Buffer, matters: boolean) {
    this.bytes = bytes;
    this.matters = matters;
  }

  /** The data lines joined by LF; empty for comments and events without data. Read when first asked for. */
  get data(): string {
    return (this.#data ??= dataOf(this.bytes));
  }
}

const LF = 0x0a;
const CR = 0x0d;
const BYTE_ORDER_MARK = Buffer.of(0xef, 0xbb, 0xbf);
const EMPTY_LINE = Buffer.of(LF, LF);
const NOTHING = Buffer.alloc(0);

/**
 * Cuts a server-sent event stream (WHATWG HTML, "Server-sent events") into events without changing a byte, but that a
 * byte order mark at its start, which means nothing, is dropped. Lines end with LF, CR or CRLF; a character or an event
 * may be split across chunks anywhere.
 */
export class SseSplitter {
  readonly #maxEventBytes: number;
  readonly #interestFrom: (bytes: Buffer) => number;
  /** What came of the stream before it is known whether it starts with a byte order mark. */
  #start: Buffer = NOTHING;
  #hasStarted = false;
  /** Parts of the event that has not ended. */
  #held: Buffer[] = [];
  #heldLength = 0;
  #isLineEmpty = true;
  /** A LF that comes next belongs to the end of a line that is past. */
  #isAfterCr = false;

  /**
   * `interestFrom` says from which byte on events matter: those that end before it may be given in one piece. All do unless
   * given.
   */
  constructor(maxEventBytes: number, interestFrom: (bytes: Buffer) => number = () => 0) {
    this.#maxEventBytes = maxEventBytes;
    this.#interestFrom = interestFrom;
  }

  /** @throws RangeError when an event is longer than the limit. */
  push(chunk: Buffer): readonly SseEvent[] {
    let pending = this.#hasStarted ? chunk : this.#begin(chunk);
    const hasCr = this.#isAfterCr || pending.includes(CR);
    const events: SseEvent[] = [];
    const emit = (end: number, matters: boolean): void => {
      events.push(new SseEvent(this.#take(pending.subarray(0, end)), matters));
      pending = pending.subarray(end);
    };
    if (!hasCr && this.#held.length === 0) {
      const end = this.#plainRunEnd(pending);
      if (end > 0) emit(end, false);
    }
    const eventEnd = (): number => (hasCr ? this.#eventEnd(pending) : this.#plainEventEnd(pending));
    for (let end = eventEnd(); end !== -1; end = eventEnd()) emit(end, true);
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

  /** Where the last event ends that does not matter by itself, in whole events whose lines end with LF. */
  #plainRunEnd(bytes: Buffer): number {
    const from = this.#interestFrom(bytes);
    const emptyLine = from < EMPTY_LINE.length ? -1 : bytes.lastIndexOf(EMPTY_LINE, from - EMPTY_LINE.length);
    if (emptyLine === -1) return 0;
    this.#isLineEmpty = true;
    return emptyLine + EMPTY_LINE.length;
  }

  /** `eventEnd` where all lines end with LF: by far the most streams, and ten times as fast. */
  #plainEventEnd(bytes: Buffer): number {
    if (bytes.length === 0) return -1;
    if (this.#isLineEmpty && bytes[0] === LF) return 1;
    const emptyLine = bytes.indexOf(EMPTY_LINE);
    this.#isLineEmpty = emptyLine !== -1 || bytes[bytes.length - 1] === LF;
    return emptyLine === -1 ? -1 : emptyLine + EMPTY_LINE.length;
  }
}

function dataOf(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  const lines = text.includes('\r') ? text.split(/\r\n|\r|\n/) : text.split('\n');
  const data = lines.filter((line) => line === 'data' || line.startsWith('data:'));
  return data.map((line) => line.slice(5).replace(/^ /, '')).join('\n');
}
