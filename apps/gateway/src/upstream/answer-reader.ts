import { type AnswerHead, AnswerFault, readHead } from './answer-head.ts';

/** Told of an answer as it arrives. */
export interface AnswerListener {
  onHead(head: AnswerHead): void;
  onChunk(chunk: Buffer): void;
  onEnd(): void;
}

const MAX_HEAD_BYTES = 32 * 1024;
const MAX_LINE_BYTES = 4096;
const NOTHING = Buffer.alloc(0);

const CR = 0x0d;
const LF = 0x0a;
const MAX_SIZE_DIGITS = 12;

type State = 'head' | 'body' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer' | 'until-close' | 'ended';

const BODY_STATE = { length: 'body', chunks: 'chunk-size', close: 'until-close' } as const;

/** Reads one answer of HTTP/1.1 (RFC 9112), strictly and in bounded memory, from any division of its bytes. */
export class AnswerReader {
  readonly #listener: AnswerListener;
  #state: State = 'head';
  /** Not read yet: a line or head that is not whole, or what came before a pause. */
  #kept: Buffer = NOTHING;
  #isPaused = false;
  #isReading = false;
  /** Bytes of the body or chunk still to come. */
  #remaining = 0;
  #trailerBytes = 0;
  /** Parts of the body that were read and not told yet. */
  #parts: Buffer[] = [];

  constructor(listener: AnswerListener) {
    this.#listener = listener;
  }

  /**
   * The bytes are the reader's from here on: it may move them.
   * @throws AnswerFault
   */
  push(bytes: Buffer): void {
    this.#kept = this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes]);
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      this.#readOn();
    } finally {
      this.#isReading = false;
    }
  }

  /** From here on nothing is told, to the byte. */
  pause(): void {
    this.#isPaused = true;
  }

  /** @throws AnswerFault */
  resume(): void {
    this.#isPaused = false;
    if (!this.#isReading) this.push(NOTHING);
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Bytes after the end of the answer. */
  get surplus(): number {
    return this.#state === 'ended' ? this.#kept.length : 0;
  }

  #readOn(): void {
    while (this.#kept.length > 0 && !this.#isPaused && this.#state !== 'ended') {
      const taken = this.#take(this.#kept);
      if (taken === 0) break;
      this.#kept = this.#kept.subarray(taken);
    }
    this.#tellParts();
  }

  /** What came in one piece is told in one piece: a server may put each event into a chunk of its own. */
  #tellParts(): void {
    const [first, ...more] = this.#parts;
    if (first === undefined) return;
    const body = more.length === 0 ? first : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#listener.onChunk(body);
  }

  /** To be called when the server closes. Whether the answer was whole. */
  close(): boolean {
    if (this.#state === 'until-close') this.#end();
    return this.#state === 'ended';
  }

  /** How many bytes were used; 0 when more are needed. */
  #take(bytes: Buffer): number {
    switch (this.#state) {
      case 'head':
        return this.#takeHead(bytes);
      case 'body':
      case 'chunk':
        return this.#takeBody(bytes);
      case 'until-close':
        this.#listener.onChunk(bytes);
        return bytes.length;
      case 'chunk-size':
        return this.#takeWholeChunks(bytes) || this.#takeLine(bytes, (line) => this.#beginChunk(line));
      case 'chunk-end':
        return this.#takeChunkEnd(bytes);
      case 'trailer':
        return this.#takeLine(bytes, (line) => {
          this.#trailerBytes += line.length;
          if (this.#trailerBytes > MAX_HEAD_BYTES) throw new AnswerFault('the trailer is too long');
          if (line === '') this.#end();
        });
      case 'ended':
        return bytes.length;
    }
  }

  #takeHead(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n\r\n');
    if ((end === -1 ? bytes.length : end) > MAX_HEAD_BYTES) throw new AnswerFault('the head is too long');
    if (end === -1) return 0;
    const head = readHead(bytes.toString('latin1', 0, end));
    if (head.status === 101) throw new AnswerFault('the server switches protocols unasked');
    // 1xx heads are for this hop only.
    if (head.status >= 200) this.#begin(head);
    return end + 4;
  }

  #begin(head: AnswerHead): void {
    const { framing } = head;
    this.#remaining = framing.by === 'length' ? framing.bytes : 0;
    this.#state = BODY_STATE[framing.by];
    this.#listener.onHead(head);
    if (framing.by === 'length' && framing.bytes === 0) this.#end();
  }

  #takeBody(bytes: Buffer): number {
    const taken = Math.min(bytes.length, this.#remaining);
    this.#remaining -= taken;
    this.#parts.push(taken === bytes.length ? bytes : bytes.subarray(0, taken));
    if (this.#remaining > 0) return taken;
    if (this.#state === 'body') this.#end();
    else this.#state = 'chunk-end';
    return taken;
  }

  /**
   * Whole chunks with nothing but a size on their line, as nearly all are; what is different is left to the careful way. What
   * they hold is moved together over the lines between, since an event may be a chunk.
   */
  #takeWholeChunks(bytes: Buffer): number {
    let at = 0;
    let from = 0;
    let to = 0;
    for (;;) {
      let size = 0;
      let lineEnd = at;
      for (
        let digit = hexDigit(bytes[at]);
        digit !== -1 && lineEnd - at < MAX_SIZE_DIGITS;
        digit = hexDigit(bytes[lineEnd])
      ) {
        size = size * 16 + digit;
        lineEnd += 1;
      }
      const start = lineEnd + 2;
      const end = start + size;
      const isWhole =
        size > 0 && bytes[lineEnd] === CR && bytes[lineEnd + 1] === LF && bytes[end] === CR && bytes[end + 1] === LF;
      if (!isWhole) break;
      if (at === 0) from = start;
      else bytes.copyWithin(to, start, end);
      to = at === 0 ? end : to + size;
      at = end + 2;
    }
    if (at > 0) this.#parts.push(bytes.subarray(from, to));
    return at;
  }

  #takeChunkEnd(bytes: Buffer): number {
    if (bytes.length < 2 && bytes[0] === CR) return 0;
    if (bytes[0] !== CR || bytes[1] !== LF) throw new AnswerFault('a chunk is longer than it says');
    this.#state = 'chunk-size';
    return 2;
  }

  /** Extensions of a chunk mean nothing to us (RFC 9112 §7.1.1). */
  #beginChunk(line: string): void {
    const [, size] = /^([0-9a-fA-F]{1,12})(?:[ \t]*;[^\0\r\n]*)?$/.exec(line) ?? [];
    if (size === undefined) throw new AnswerFault('the size of a chunk is malformed');
    this.#remaining = Number.parseInt(size, 16);
    this.#state = this.#remaining === 0 ? 'trailer' : 'chunk';
  }

  #takeLine(bytes: Buffer, take: (line: string) => void): number {
    const end = bytes.indexOf('\r\n');
    if ((end === -1 ? bytes.length : end) > MAX_LINE_BYTES) throw new AnswerFault('a line is too long');
    if (end === -1) return 0;
    take(bytes.toString('latin1', 0, end));
    return end + 2;
  }

  #end(): void {
    this.#tellParts();
    this.#state = 'ended';
    this.#listener.onEnd();
  }
}

/** -1 for what is none. */
function hexDigit(unit: number | undefined): number {
  if (unit === undefined) return -1;
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const letter = unit | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
