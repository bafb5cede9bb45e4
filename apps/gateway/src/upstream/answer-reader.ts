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

  constructor(listener: AnswerListener) {
    this.#listener = listener;
  }

  /** @throws AnswerFault */
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
      if (taken === 0) return;
      this.#kept = this.#kept.subarray(taken);
    }
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
        return this.#takeLine(bytes, (line) => this.#beginChunk(line));
      case 'chunk-end':
        return this.#takeLine(bytes, (line) => {
          if (line !== '') throw new AnswerFault('a chunk is longer than it says');
          this.#state = 'chunk-size';
        });
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
    this.#listener.onChunk(taken === bytes.length ? bytes : bytes.subarray(0, taken));
    if (this.#remaining > 0) return taken;
    if (this.#state === 'body') this.#end();
    else this.#state = 'chunk-end';
    return taken;
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
    this.#state = 'ended';
    this.#listener.onEnd();
  }
}
