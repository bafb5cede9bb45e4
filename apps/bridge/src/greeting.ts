import { type Receiver } from './child.ts';
import { type Request, type Response } from './message.ts';

interface Waiting {
  readonly receiver: Receiver;
  readonly request: Request;
}

/** What a client that says `initialize` to a shared process gets. */
type Greeting =
  | { readonly kind: 'ask' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'known'; readonly response: Response };

/**
 * The one `initialize` of a shared process: the first client's is passed on, later clients get the same result. A
 * client that asked for another revision learns from it which one the process speaks, as the handshake provides.
 */
export class Greetings {
  #state: 'unasked' | 'asked' | Response = 'unasked';
  #isInitialized = false;
  readonly #waiting: Waiting[] = [];

  greet(receiver: Receiver, request: Request): Greeting {
    if (typeof this.#state === 'object') return { kind: 'known', response: this.#state };
    if (this.#state === 'asked') {
      this.#waiting.push({ receiver, request });
      return { kind: 'wait' };
    }
    this.#state = 'asked';
    return { kind: 'ask' };
  }

  /** Notes the server's answer. Returns the clients that waited for it: they are to be greeted now. */
  answered(response: Response): readonly Waiting[] {
    this.#state = response.errorCode === undefined ? response : 'unasked';
    return this.#waiting.splice(0);
  }

  /** True for the first `notifications/initialized` only: the server must not see another. */
  initialize(): boolean {
    const first = !this.#isInitialized;
    this.#isInitialized = true;
    return first;
  }
}
