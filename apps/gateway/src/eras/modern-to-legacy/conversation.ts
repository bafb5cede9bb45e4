import { memberText, withMembers } from '@mcp-runtime/mcp';
import { type LegacyCall, errorOf, resultOf } from './call.ts';
import { isAtLeast, isLogLevel } from './log-level.ts';
import { type Subscriber } from './listen.ts';
import { ServerStream } from './server-stream.ts';
import { type ServerMessage } from './server-message.ts';
import { type LegacySession } from './session.ts';

const METHOD_NOT_FOUND = -32601;

/** All that goes on in one session: the calls, and those who want to hear of changes. */
export class Conversation {
  readonly session: LegacySession;
  readonly #calls = new Set<LegacyCall>();
  readonly #subscribers = new Set<Subscriber>();
  /** How many want to hear of a resource, by its URI. */
  readonly #watched = new Map<string, number>();
  #level: string | undefined;
  #stream: ServerStream | undefined;

  constructor(session: LegacySession) {
    this.session = session;
  }

  addCall(call: LegacyCall): void {
    this.#calls.add(call);
  }

  removeCall(call: LegacyCall): void {
    this.#calls.delete(call);
  }

  /** Opens the stream for what belongs to no request, if it is not; false when the server has none. */
  openStream(): Promise<boolean> {
    this.#stream ??= new ServerStream(
      this.session,
      (messages) => {
        for (const message of messages) this.receive(message);
      },
      () => {
        this.#stream = undefined;
        for (const subscriber of this.#subscribers) subscriber.onGone();
      },
    );
    return this.#stream.opened;
  }

  /** What came on no request's stream, or belongs to none. */
  receive(message: ServerMessage): void {
    if (message.kind === 'request') return this.#onQuestion(message);
    if (message.kind !== 'notification') return;
    const { method, params } = message;
    if (method === 'notifications/progress') {
      const token = memberText(params, 'progressToken');
      for (const call of this.#calls) if (String(call.id) === token) call.receive([message]);
    } else for (const subscriber of this.#subscribers) subscriber.receive(method, params);
  }

  /** The server says at least what that level asks for; every request hears its own part. Best effort, like all logging. */
  async ensureLevel(level: string | undefined): Promise<void> {
    const isSet = level === undefined || (this.#level !== undefined && isAtLeast(level, this.#level));
    if (isSet || !isLogLevel(level) || memberText(this.session.hello.capabilities, 'logging') === undefined) return;
    this.#level = level;
    await this.session.ask('logging/setLevel', { level }).catch(() => {});
  }

  addSubscriber(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
  }

  removeSubscriber(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
  }

  /** Subscribes once for all who watch a resource. False when the server does not let it be watched. */
  async watch(uri: string): Promise<boolean> {
    const count = this.#watched.get(uri) ?? 0;
    this.#watched.set(uri, count + 1);
    if (count > 0) return true;
    try {
      await this.session.ask('resources/subscribe', { uri });
      return true;
    } catch {
      this.#watched.delete(uri);
      return false;
    }
  }

  unwatch(uri: string): void {
    const count = this.#watched.get(uri) ?? 0;
    if (count > 1) this.#watched.set(uri, count - 1);
    else if (this.#watched.delete(uri)) void this.session.ask('resources/unsubscribe', { uri }).catch(() => {});
  }

  close(): void {
    this.#stream?.close();
  }

  /** Servers ask on this stream too while they work on a request; it must be clear which. */
  #onQuestion({ id, method, params }: Extract<ServerMessage, { kind: 'request' }>): void {
    if (method === 'ping') {
      void this.session.tell(resultOf(id, '{}'));
      return;
    }
    const able = [...this.#calls].filter((call) => call.canTake(method, params));
    const [only] = able;
    if (only !== undefined && able.length === 1) only.receive([{ kind: 'request', id, method, params }]);
    else void this.session.tell(errorOf(id, METHOD_NOT_FOUND, 'there is no request in which the client can be asked'));
  }
}

/** A notification for one subscriber (MCP 2026-07-28, "Subscriptions"). */
export function labelled(method: string, params: string, key: string, subscriptionId: string): string {
  const meta = withMembers(memberText(params, '_meta') ?? '{}', { [key]: subscriptionId });
  return `{"jsonrpc":"2.0","method":${JSON.stringify(method)},"params":${withMembers(params, { _meta: meta })}}`;
}
