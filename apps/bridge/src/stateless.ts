import { type Receiver } from './child.ts';
import { type MessageId, type Request, type Response } from './message.ts';
import { rewrite } from './rewrite.ts';
import { type Join, type Upstream } from './session.ts';
import { type SharedHost } from './shared-host.ts';

/** A server of the legacy era may not answer `server/discover` at all. */
const DISCOVER_MS = 5000;
const METHOD_NOT_FOUND = -32601;
const UNSUPPORTED_VERSION = -32022;

/**
 * Requests of the stateless era (2026-07-28), all on one process that sees no `initialize`: servers decide by their
 * first message which era they speak. `server/discover` that fails, ends the server or gets no answer means a server of
 * the legacy era; clients are told so in the way that makes them fall back to `initialize`. A refusal or silence is remembered.
 */
export class StatelessSide {
  readonly #host: SharedHost;
  /** What the server has shown to speak: the refusal of a legacy one is kept for the next who asks. */
  #verdict: 'unknown' | 'modern' | Response = 'unknown';

  constructor(host: SharedHost) {
    this.#host = host;
  }

  /** How the sender of `request` joins the server. */
  joinFor(request: Request): Join {
    if (request.method !== 'server/discover') return (receiver) => this.#host.join(receiver);
    if (typeof this.#verdict === 'object') return answering(this.#verdict);
    if (this.#verdict === 'modern') return (receiver) => this.#host.join(receiver);
    return (receiver) => this.#probe(receiver, request.id);
  }

  #probe(receiver: Receiver, id: MessageId): Upstream {
    const refuse = (refusal: Response): void => {
      clearTimeout(late);
      receiver.receive(refusal);
    };
    const conclude = (refusal: Response): void => {
      if (this.#verdict === 'unknown') this.#verdict = refusal;
      refuse(refusal);
    };
    const late = setTimeout(() => conclude(noSuchMethod(id)), DISCOVER_MS);
    const upstream = this.#host.join({
      receive: (message) => {
        if (message.kind === 'response' && isRefusal(message)) return conclude(message);
        if (message.kind === 'response') {
          clearTimeout(late);
          this.#verdict = 'modern';
        }
        receiver.receive(message);
      },
      ended: (error) => (this.#verdict === 'modern' ? receiver.ended(error) : refuse(noSuchMethod(id))),
    });
    const leave = async (): Promise<void> => {
      clearTimeout(late);
      await upstream.leave();
      if (typeof this.#verdict === 'object') this.#host.stopIfUnusedSince(Infinity);
    };
    return { send: (message) => upstream.send(message), leave };
  }
}

function isRefusal({ errorCode }: Response): boolean {
  return errorCode !== undefined && errorCode !== UNSUPPORTED_VERSION;
}

/** Tells the refusal again, without a process. */
function answering(refusal: Response): Join {
  return (receiver) => ({
    send: async (message) => {
      if (message.kind === 'request') receiver.receive(rewrite(refusal, [['id'], message.id]));
    },
    leave: async () => {},
  });
}

function noSuchMethod(id: MessageId): Response {
  const error = { code: METHOD_NOT_FOUND, message: 'the server does not speak this revision' };
  const text = JSON.stringify({ jsonrpc: '2.0', id, error });
  return { kind: 'response', id, errorCode: METHOD_NOT_FOUND, text };
}
