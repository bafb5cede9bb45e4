import { type AppError, ERRORS } from '@mcp-runtime/api';
import { type Child, type Receiver } from './child.ts';
import { Greetings } from './greeting.ts';
import { Ledger } from './ledger.ts';
import {
  type Message,
  type MessageId,
  type Notification,
  type Request,
  type Response,
  SUBSCRIPTION_ID,
  cancelledIdOf,
  isAboutServer,
  progressOf,
  progressTokenOf,
  subscriptionIdOf,
} from './message.ts';
import { type Replacement, messageOf, rewrite } from './rewrite.ts';
import { type Upstream } from './session.ts';
import { Subscriptions } from './subscriptions.ts';
import { type Telemetry } from './telemetry.ts';

const CLIENT_LEFT = 'the client went away';

/** One life of a process that serves many clients: each sees its own ids and tokens, and nothing of the others. */
export class SharedProcess implements Receiver {
  readonly #child: Child;
  readonly #telemetry: Telemetry;
  readonly #members = new Set<Receiver>();
  readonly #ledger = new Ledger();
  readonly #greetings = new Greetings();
  readonly #subscriptions = new Subscriptions();

  constructor(child: Child, telemetry: Telemetry) {
    this.#child = child;
    this.#telemetry = telemetry;
    child.attach(this);
  }

  get alive(): boolean {
    return this.#child.alive;
  }

  get used(): boolean {
    return this.#members.size > 0;
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }

  join(receiver: Receiver): Upstream {
    this.#members.add(receiver);
    return {
      send: (message) => this.#send(receiver, message),
      leave: async () => this.#leave(receiver),
    };
  }

  receive(message: Message): void {
    if (message.kind === 'response') return this.#answer(message);
    if (message.kind === 'request') return this.#ask(message);
    try {
      this.#notify(message);
    } catch {
      // Only a message too deep to be written again comes here.
      this.#telemetry.undeliverable(message.method);
    }
  }

  ended(error: AppError): void {
    for (const receiver of this.#members) receiver.ended(error);
    this.#members.clear();
    this.#ledger.clear();
  }

  async #send(receiver: Receiver, message: Message): Promise<void> {
    if (message.kind === 'request') return this.#request(receiver, message);
    if (message.kind === 'notification') return this.#tell(receiver, message);
    if (this.#ledger.settle(receiver, message.id)) return this.#child.send(message);
  }

  async #request(receiver: Receiver, request: Request): Promise<void> {
    if (request.method === 'initialize') {
      const greeting = this.#greetings.greet(receiver, request);
      if (greeting.kind === 'known') receiver.receive(rewrite(greeting.response, [['id'], request.id]));
      if (greeting.kind !== 'ask') return;
    }
    const { uri } = request.params;
    if (request.method === 'resources/subscribe' && typeof uri === 'string') this.#subscriptions.add(uri, receiver);
    if (request.method === 'resources/unsubscribe' && typeof uri === 'string') {
      const isWanted = this.#subscriptions.remove(uri, receiver);
      if (isWanted) return receiver.receive(messageOf({ id: request.id, result: {} }));
    }
    return this.#child.send(this.#ledger.open(receiver, request));
  }

  async #tell(receiver: Receiver, notification: Notification): Promise<void> {
    if (notification.method === 'notifications/initialized' && !this.#greetings.initialize()) return;
    const cancelled = cancelledIdOf(notification);
    if (cancelled === undefined) return this.#child.send(notification);
    const number = this.#ledger.cancel(receiver, cancelled);
    if (number !== undefined) return this.#child.send(rewrite(notification, [['params', 'requestId'], number]));
  }

  /** Takes back what a client has open, so that the server does not work or wait for nobody. */
  #leave(receiver: Receiver): void {
    if (!this.#members.delete(receiver)) return;
    const { numbers, asked } = this.#ledger.leave(receiver);
    for (const requestId of numbers) {
      this.#post(messageOf({ method: 'notifications/cancelled', params: { requestId, reason: CLIENT_LEFT } }));
    }
    for (const id of asked) this.#post(messageOf({ id, error: { code: ERRORS.canceled.rpc, message: CLIENT_LEFT } }));
    for (const uri of this.#subscriptions.leave(receiver)) {
      this.#post(messageOf({ id: this.#ledger.next(), method: 'resources/unsubscribe', params: { uri } }));
    }
  }

  #answer(response: Response): void {
    const open = this.#ledger.take(response.id);
    if (open === undefined) return;
    const { receiver, request } = open;
    const waiting = request.method === 'initialize' ? this.#greetings.answered(response) : [];
    if (this.#members.has(receiver)) receiver.receive(toAnswer(response, request));
    for (const other of waiting) this.#inBackground(this.#request(other.receiver, other.request));
  }

  #ask(request: Request): void {
    if (request.method === 'ping') return this.#post(messageOf({ id: request.id, result: {} }));
    const receiver = this.#onlyOne();
    if (receiver === undefined) {
      const error = { code: ERRORS.service_unavailable.rpc, message: 'it cannot be told which client is meant' };
      return this.#post(messageOf({ id: request.id, error }));
    }
    this.#ledger.ask(receiver, request);
    receiver.receive(request);
  }

  #notify(notification: Notification): void {
    const token = progressOf(notification);
    const subscription = subscriptionIdOf(notification);
    const cancelled = cancelledIdOf(notification);
    if (token !== undefined) return this.#pass(notification, token, ['params', 'progressToken']);
    if (subscription !== undefined) {
      return this.#pass(notification, subscription, ['params', '_meta', SUBSCRIPTION_ID]);
    }
    const asked = cancelled === undefined ? undefined : this.#ledger.askedOf(cancelled);
    if (cancelled !== undefined && asked === undefined) {
      return this.#pass(notification, cancelled, ['params', 'requestId']);
    }
    const receivers = asked === undefined ? this.#audienceOf(notification) : [asked];
    if (receivers.length === 0) this.#telemetry.undeliverable(notification.method);
    for (const receiver of receivers) receiver.receive(notification);
  }

  /** Passes on what is about one request, to the client that made it and with the client's own id or token. */
  #pass(notification: Notification, number: MessageId, path: readonly string[]): void {
    const open = this.#ledger.find(number);
    if (open === undefined) return this.#telemetry.undeliverable(notification.method);
    const own = path.at(-1) === 'progressToken' ? progressTokenOf(open.request) : open.request.id;
    if (own !== undefined) open.receiver.receive(rewrite(notification, [path, own]));
  }

  /** Never everybody for what may tell of one client's request, such as log messages. */
  #audienceOf(notification: Notification): readonly Receiver[] {
    const { uri } = notification.params;
    if (notification.method === 'notifications/resources/updated' && typeof uri === 'string') {
      return this.#subscriptions.of(uri);
    }
    if (isAboutServer(notification)) return [...this.#members];
    const receiver = this.#onlyOne();
    return receiver === undefined ? [] : [receiver];
  }

  /** The one client with an open request, or the one client there is. */
  #onlyOne(): Receiver | undefined {
    const busy = this.#ledger.busy();
    const candidates = busy.size > 0 ? busy : this.#members;
    const [first] = candidates;
    return candidates.size === 1 ? first : undefined;
  }

  #post(message: Message): void {
    this.#inBackground(this.#child.send(message));
  }

  /** A server that does not read its input misses these, as if they had come too late. */
  #inBackground(sending: Promise<void>): void {
    sending.catch(() => this.#telemetry.undeliverable('background message'));
  }
}

function toAnswer(response: Response, request: Request): Response {
  const replacements: Replacement[] = [[['id'], request.id]];
  if (request.method === 'subscriptions/listen') replacements.push([['result', '_meta', SUBSCRIPTION_ID], request.id]);
  try {
    return rewrite(response, ...replacements);
  } catch {
    const { rpc: code } = ERRORS.internal;
    const error = { code, message: 'the answer is nested too deeply' };
    const text = JSON.stringify({ jsonrpc: '2.0', id: request.id, error });
    return { kind: 'response', id: request.id, errorCode: code, text };
  }
}
