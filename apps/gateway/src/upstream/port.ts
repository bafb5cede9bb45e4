import { type AppError } from '@mcp-runtime/api';
import { type Running } from '@mcp-runtime/base';

/** What is asked of a server. */
export interface UpstreamRequest {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  /** Longest silence in milliseconds before the head and between parts of the body; 0 is no limit. */
  readonly idleTimeoutMs: number;
  /** The same from the head on of an answer that is an event stream; `idleTimeoutMs` unless given. */
  readonly streamTimeoutMs?: number;
}

/** Receives an answer part by part. Every exchange that is not given up ends with exactly one of `onEnd` and `onFailure`. */
export interface AnswerReceiver {
  onHead(status: number, headers: AnswerHeaders, flow: Flow): void;
  onChunk(chunk: Buffer): void;
  onEnd(): void;
  onFailure(error: AppError): void;
}

/** Names in lower case; a header that was there several times is a list. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Flow {
  pause(): void;
  resume(): void;
}

/** How servers are reached. `send` returns how to give up on the exchange: the receiver hears nothing after that. */
export interface Upstream extends Running {
  send(target: URL, request: UpstreamRequest, receiver: AnswerReceiver): () => void;
}
