import { MessageStream, type Resumption } from './message-stream.ts';
import { type ServerMessage } from './server-message.ts';
import { type LegacySession } from './session.ts';

const FIRST_RETRY_MS = 500;
const MAX_FAILURES = 5;
/** A server that says nothing for so long has no stream for those who wait for it. */
const OPENING_MS = 2000;

/**
 * The stream for what belongs to no request (MCP 2025-11-25, "Listening for Messages from the Server"). A stream that ends is
 * opened again, after its last event where events have ids.
 */
export class ServerStream {
  readonly #session: LegacySession;
  readonly #onMessages: (messages: readonly ServerMessage[]) => void;
  readonly #onGone: () => void;
  readonly #opened = Promise.withResolvers<boolean>();
  #giveUp: () => void = () => {};
  #failures = 0;
  #isClosed = false;

  constructor(
    session: LegacySession,
    onMessages: (messages: readonly ServerMessage[]) => void,
    /** It was open and will not be again. */
    onGone: () => void,
  ) {
    this.#session = session;
    this.#onMessages = onMessages;
    this.#onGone = onGone;
    this.#connect(undefined);
    const late = setTimeout(() => this.#opened.resolve(false), OPENING_MS).unref();
    void this.#opened.promise.finally(() => clearTimeout(late));
  }

  /** Whether the server has such a stream. */
  get opened(): Promise<boolean> {
    return this.#opened.promise;
  }

  close(): void {
    this.#isClosed = true;
    this.#giveUp();
    this.#opened.resolve(false);
  }

  #connect(lastEventId: string | undefined): void {
    const stream = new MessageStream({
      onOpen: () => {
        this.#failures = 0;
        this.#opened.resolve(true);
      },
      onMessages: this.#onMessages,
      onRefused: (status, body) => {
        this.#session.losesBy(status, body);
        this.#stop();
      },
      onEnd: (resumption) => this.#again(resumption),
      onFailure: () => this.#again(undefined),
    });
    this.#giveUp = this.#session.listen(lastEventId, stream);
  }

  #again(resumption: Resumption | undefined): void {
    if (this.#isClosed) return;
    this.#failures += 1;
    if (this.#failures > MAX_FAILURES || this.#session.isLost) return this.#stop();
    const delay = resumption?.retryMs ?? FIRST_RETRY_MS * 2 ** (this.#failures - 1);
    const again = setTimeout(() => this.#connect(resumption?.lastEventId), delay).unref();
    this.#giveUp = () => clearTimeout(again);
  }

  #stop(): void {
    if (this.#isClosed) return;
    this.close();
    this.#onGone();
  }
}
