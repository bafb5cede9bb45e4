import { type AppError } from '@mcp-runtime/api';
import { mediaType } from '../headers.ts';
import { type AnswerHeaders, type AnswerReceiver, type Flow } from '../upstream/port.ts';
import { outcomeOf } from '@mcp-runtime/mcp';
import { type Passage, type Way, standingHeaders } from './passage.ts';
import { type WayName, wayFor } from './spoken.ts';
import { type UpstreamEras } from './upstream-eras.ts';

interface FirstTryParts {
  readonly direct: Way;
  readonly byName: Readonly<Record<WayName, Way>>;
  readonly eras: UpstreamEras;
}

/**
 * Sends a legacy message as it is to a server that may not speak its era. An answer that shows that the server speaks it
 * passes and is remembered; a refusal is held while the server is asked what it speaks: then the message goes the other way,
 * or the refusal was meant.
 */
export function createFirstTry(parts: FirstTryParts): Way {
  return {
    send: (passage, receiver) => {
      const trial = new Trial(passage, receiver, parts);
      trial.start();
      return () => trial.giveUp();
    },
  };
}

/** What a server says to a message of an era that it does not speak, or at an endpoint of HTTP+SSE. */
const REFUSALS: ReadonlySet<number> = new Set([400, 404, 405, 406, 415, 501]);
const MAX_HELD_BYTES = 64 * 1024;

class Trial implements AnswerReceiver {
  readonly #passage: Passage;
  readonly #receiver: AnswerReceiver;
  readonly #parts: FirstTryParts;
  #giveUp: () => void = () => {};
  #isGivenUp = false;
  /** The answer, while it is held. */
  #head: { readonly status: number; readonly headers: AnswerHeaders; readonly flow: Flow } | undefined;
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(passage: Passage, receiver: AnswerReceiver, parts: FirstTryParts) {
    this.#passage = passage;
    this.#receiver = receiver;
    this.#parts = parts;
  }

  start(): void {
    this.#giveUp = this.#parts.direct.send(this.#passage, this);
  }

  giveUp(): void {
    this.#isGivenUp = true;
    this.#giveUp();
  }

  onHead(status: number, headers: AnswerHeaders, flow: Flow): void {
    const isJson = mediaType(headers) === 'application/json';
    if (REFUSALS.has(status) || (status === 200 && isJson && this.#isOpening())) this.#head = { status, headers, flow };
    else {
      if (status === 200 && this.#isOpening()) this.#speaksLegacy();
      this.#receiver.onHead(status, headers, flow);
    }
  }

  onChunk(chunk: Buffer): void {
    if (this.#head === undefined) return this.#receiver.onChunk(chunk);
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes > MAX_HELD_BYTES) this.#release();
  }

  onEnd(): void {
    if (this.#head === undefined) return this.#receiver.onEnd();
    if (!this.#isRefused(this.#head.status)) {
      this.#speaksLegacy();
      return this.#releaseAll();
    }
    const { target, request } = this.#passage;
    const { eras, byName } = this.#parts;
    eras.learn(target, standingHeaders(request.headers)).then(
      (spoken) => {
        if (this.#isGivenUp) return;
        const way = wayFor('legacy', spoken) ?? 'direct';
        if (way === 'direct') this.#releaseAll();
        else this.#giveUp = byName[way].send(this.#passage, this.#receiver);
      },
      () => {
        if (!this.#isGivenUp) this.#releaseAll();
      },
    );
  }

  onFailure(error: AppError): void {
    this.#receiver.onFailure(error);
  }

  #isOpening(): boolean {
    const { message } = this.#passage.exchange;
    return message?.kind === 'request' && message.method === 'initialize';
  }

  #isRefused(status: number): boolean {
    return status !== 200 || outcomeOf(Buffer.concat(this.#held).toString('utf8')) !== 'ok';
  }

  #speaksLegacy(): void {
    this.#parts.eras.note(this.#passage.target, { legacy: 'streamable-http' });
  }

  /** Gives on what was held; the rest passes. */
  #release(): void {
    if (this.#head === undefined) return;
    const { status, headers, flow } = this.#head;
    this.#head = undefined;
    this.#receiver.onHead(status, headers, flow);
    for (const chunk of this.#held) this.#receiver.onChunk(chunk);
    this.#held = [];
  }

  #releaseAll(): void {
    this.#release();
    this.#receiver.onEnd();
  }
}
