export interface Answer {
  readonly status: string;
  readonly head: string;
  readonly body: Buffer;
}

/** Puts the parts of one answer together (RFC 9112, without trailers), looking at each byte of its body once. */
export class AnswerCollector {
  #unread: Buffer = Buffer.alloc(0);
  #head: string | undefined;
  #remaining = 0;
  #isChunked = false;
  #parts: Buffer[] = [];

  /** The answer once it is whole. */
  push(bytes: Buffer): Answer | undefined {
    this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
    if (this.#head === undefined && !this.#readHead()) return undefined;
    return (this.#isChunked ? this.#readChunks() : this.#readLength()) ? this.#take() : undefined;
  }

  #readHead(): boolean {
    const end = this.#unread.indexOf('\r\n\r\n');
    if (end === -1) return false;
    const head = this.#unread.toString('latin1', 0, end);
    const declared = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    this.#head = head;
    this.#isChunked = declared === undefined && /\r\ntransfer-encoding: *chunked/i.test(head);
    this.#remaining = Number(declared ?? 0);
    this.#unread = this.#unread.subarray(end + 4);
    return true;
  }

  #readLength(): boolean {
    const taken = Math.min(this.#remaining, this.#unread.length);
    this.#parts.push(this.#unread.subarray(0, taken));
    this.#remaining -= taken;
    this.#unread = this.#unread.subarray(taken);
    return this.#remaining === 0;
  }

  #readChunks(): boolean {
    for (;;) {
      const lineEnd = this.#unread.indexOf('\r\n');
      if (lineEnd === -1) return false;
      const size = Number.parseInt(this.#unread.toString('latin1', 0, lineEnd), 16);
      const end = lineEnd + 2 + size + 2;
      if (this.#unread.length < end) return false;
      if (size > 0) this.#parts.push(this.#unread.subarray(lineEnd + 2, end - 2));
      this.#unread = this.#unread.subarray(end);
      if (size === 0) return true;
    }
  }

  #take(): Answer {
    const [first = Buffer.alloc(0), ...more] = this.#parts;
    const head = this.#head ?? '';
    const body = more.length === 0 ? first : Buffer.concat(this.#parts);
    this.#head = undefined;
    this.#parts = [];
    return { status: head.slice(9, 12), head, body };
  }
}
