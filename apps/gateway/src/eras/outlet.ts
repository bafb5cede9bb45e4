import { AppError } from '@mcp-runtime/api';
import { type AnswerReceiver, type Flow } from '../upstream/port.ts';

/** Keeps the events of an answer for a client that comes back. */
export interface EventKeeper {
  /** Keeps an event and tells its id. */
  keep(data: string): string;
  /** The answer is whole: it is kept for a while. */
  end(): void;
  /** Nothing of it may be given out any more. */
  drop(): void;
}

const KEEP_ALIVE_MS = 15_000;
const KEEP_ALIVE = ': keep-alive\n\n';
/** What may wait for a slow client: more than the longest message. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;

/**
 * The answer that a legacy client gets: one JSON message, or an event stream from the first message before the last one on.
 * Says nothing after its end.
 */
export class Outlet {
  readonly #receiver: AnswerReceiver;
  /** Undefined for clients that cannot come back. */
  readonly #kept: EventKeeper | undefined;
  readonly #headers: Readonly<Record<string, string>>;
  #source: Flow | undefined;
  /** What waits while the client is slow; undefined while it is not. */
  #held: string[] | undefined;
  #heldBytes = 0;
  #keepAlive: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(receiver: AnswerReceiver, kept?: EventKeeper, headers: Readonly<Record<string, string>> = {}) {
    this.#receiver = receiver;
    this.#kept = kept;
    this.#headers = headers;
  }

  /** Whether the event stream has begun. */
  get isOpen(): boolean {
    return this.#keepAlive !== undefined;
  }

  /** Who is held back while the client is slow. */
  follow(source: Flow | undefined): void {
    this.#source = source;
    if (this.#held !== undefined) source?.pause();
  }

  /** Starts the event stream. */
  open(): void {
    if (this.#isOver || this.isOpen) return;
    this.#keepAlive = setInterval(() => {
      if (this.#held === undefined) this.#write(KEEP_ALIVE);
    }, KEEP_ALIVE_MS).unref();
    this.#receiver.onHead(200, { ...this.#headers, 'content-type': 'text/event-stream' }, this.#flow());
  }

  /** Starts the event stream with an event without data, from which the client can come back. */
  prime(): void {
    this.open();
    const id = this.#kept?.keep('');
    if (id !== undefined) this.#write(`id: ${id}\ndata:\n\n`);
  }

  /** A message before the last one. */
  say(message: string): void {
    if (this.#isOver) return;
    this.open();
    this.#write(eventOf(message, this.#kept?.keep(message)));
  }

  /** An event that was kept: it has its id. The first one of a stream may be without data. */
  repeat(message: string, id: string): void {
    if (this.#isOver || message === '') return;
    this.open();
    this.#write(eventOf(message, id));
  }

  /** The last message. */
  end(message: string): void {
    if (this.#isOver) return;
    if (this.isOpen) {
      this.say(message);
      this.close();
      return;
    }
    this.#kept?.drop();
    this.reply(200, message);
  }

  /** An answer that is no event stream. */
  reply(status: number, body: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const headers = { ...this.#headers, ...(body === '' ? {} : { 'content-type': 'application/json' }) };
    this.#receiver.onHead(status, headers, this.#flow());
    if (body !== '') this.#write(body);
    this.#finish();
  }

  /** The stream ends without another message. */
  close(): void {
    if (this.#isOver) return;
    this.#stop();
    this.#kept?.end();
    this.#finish();
  }

  /** The gateway says what went wrong. */
  fail(error: AppError): void {
    if (this.#isOver) return;
    this.#stop();
    this.#held = undefined;
    this.#kept?.drop();
    this.#receiver.onFailure(error);
  }

  /** Nobody listens any more. */
  abandon(): void {
    this.#held = undefined;
    if (this.#isOver) return;
    this.#stop();
    this.#kept?.drop();
  }

  #stop(): void {
    this.#isOver = true;
    clearInterval(this.#keepAlive);
  }

  #write(text: string): void {
    if (this.#held === undefined) {
      this.#receiver.onChunk(Buffer.from(text));
      return;
    }
    this.#held.push(text);
    this.#heldBytes += Buffer.byteLength(text);
    if (this.#heldBytes > MAX_HELD_BYTES) this.fail(new AppError('overloaded', 'the client reads too slowly'));
  }

  /** Ends the answer once the client has taken all of it. */
  #finish(): void {
    if (this.#held === undefined) this.#receiver.onEnd();
  }

  #flow(): Flow {
    return {
      pause: () => {
        this.#held ??= [];
        this.#source?.pause();
      },
      resume: () => this.#resume(),
    };
  }

  #resume(): void {
    if (this.#held === undefined) return;
    const waiting = this.#held;
    this.#held = undefined;
    this.#heldBytes = 0;
    for (let text = waiting.shift(); text !== undefined; text = waiting.shift()) {
      this.#receiver.onChunk(Buffer.from(text));
      if (this.#isHeldAgain()) {
        this.#held = waiting;
        this.#heldBytes = waiting.reduce((sum, one) => sum + Buffer.byteLength(one), 0);
        return;
      }
    }
    if (this.#isOver) this.#receiver.onEnd();
    else this.#source?.resume();
  }

  /** The receiver may have asked for a pause while it took a part. */
  #isHeldAgain(): boolean {
    return this.#held !== undefined;
  }
}

function eventOf(message: string, id: string | undefined): string {
  const head = id === undefined ? '' : `id: ${id}\n`;
  // A line break between members is one line of data more.
  const data = message.split(/\r\n|\r|\n/).map((line) => `data: ${line}`);
  return `${head}event: message\n${data.join('\n')}\n\n`;
}
