import { type Receiver } from './child.ts';
import { type MessageId, type Request, keyOfId, progressTokenOf } from './message.ts';
import { type Replacement, rewrite } from './rewrite.ts';

/** A request of a client, as the client wrote it. */
interface OpenRequest {
  readonly receiver: Receiver;
  readonly request: Request;
}

/**
 * What is open on a shared process, in both directions, and whose it is. A client's request gets a number that is its id
 * and its progress token towards the process. The server's requests keep their ids: they are its own already.
 */
export class Ledger {
  readonly #requests = new Map<MessageId, OpenRequest>();
  /** Ids of the server's requests, by the client that was asked. */
  readonly #asked = new Map<string, { readonly id: MessageId; readonly receiver: Receiver }>();
  #lastNumber = 0;

  next(): number {
    return ++this.#lastNumber;
  }

  /** Enters a request and returns it with its number. */
  open(receiver: Receiver, request: Request): Request {
    const number = this.next();
    const replacements: Replacement[] = [[['id'], number]];
    if (progressTokenOf(request) !== undefined) replacements.push([['params', '_meta', 'progressToken'], number]);
    const numbered = rewrite(request, ...replacements);
    this.#requests.set(number, { receiver, request });
    return numbered;
  }

  find(number: MessageId): OpenRequest | undefined {
    return this.#requests.get(number);
  }

  take(number: MessageId): OpenRequest | undefined {
    const open = this.#requests.get(number);
    this.#requests.delete(number);
    return open;
  }

  /** Takes out the request that a client wants to cancel, and returns its number. `initialize` cannot be. */
  cancel(receiver: Receiver, id: MessageId): MessageId | undefined {
    for (const [number, open] of this.#requests) {
      if (open.receiver !== receiver || open.request.id !== id || open.request.method === 'initialize') continue;
      this.#requests.delete(number);
      return number;
    }
    return undefined;
  }

  ask(receiver: Receiver, { id }: Request): void {
    this.#asked.set(keyOfId(id), { id, receiver });
  }

  askedOf(id: MessageId): Receiver | undefined {
    return this.#asked.get(keyOfId(id))?.receiver;
  }

  /** Whether the client may answer the server's request: it was asked, and has not answered. */
  settle(receiver: Receiver, id: MessageId): boolean {
    return this.askedOf(id) === receiver && this.#asked.delete(keyOfId(id));
  }

  /** Takes out all that is open with a client, but `initialize`: others may wait for its answer. */
  leave(receiver: Receiver): { readonly numbers: readonly MessageId[]; readonly asked: readonly MessageId[] } {
    const mine = [...this.#requests].filter(([, open]) => open.receiver === receiver);
    const numbers = mine.filter(([, open]) => open.request.method !== 'initialize').map(([number]) => number);
    const asked = [...this.#asked.values()].filter((open) => open.receiver === receiver).map(({ id }) => id);
    for (const number of numbers) this.#requests.delete(number);
    for (const id of asked) this.#asked.delete(keyOfId(id));
    return { numbers, asked };
  }

  /** The clients with an open request. */
  busy(): ReadonlySet<Receiver> {
    return new Set([...this.#requests.values()].map(({ receiver }) => receiver));
  }

  clear(): void {
    this.#requests.clear();
    this.#asked.clear();
  }
}
