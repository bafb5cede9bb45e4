import { type Receiver } from './child.ts';

/** Which clients of a shared process want to hear of which resource. */
export class Subscriptions {
  readonly #byUri = new Map<string, Set<Receiver>>();

  add(uri: string, receiver: Receiver): void {
    const receivers = this.#byUri.get(uri) ?? new Set();
    this.#byUri.set(uri, receivers.add(receiver));
  }

  /** Returns whether others still want to hear of it. */
  remove(uri: string, receiver: Receiver): boolean {
    const receivers = this.#byUri.get(uri);
    receivers?.delete(receiver);
    if (receivers !== undefined && receivers.size > 0) return true;
    this.#byUri.delete(uri);
    return false;
  }

  /** Forgets a client. Returns the resources that nobody wants to hear of any more. */
  leave(receiver: Receiver): readonly string[] {
    const mine = [...this.#byUri].filter(([, receivers]) => receivers.has(receiver)).map(([uri]) => uri);
    return mine.filter((uri) => !this.remove(uri, receiver));
  }

  of(uri: string): readonly Receiver[] {
    return [...(this.#byUri.get(uri) ?? [])];
  }
}
