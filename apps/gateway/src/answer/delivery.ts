import { type AppError } from '@mcp-runtime/api';
import { type Ending } from '../record/event.ts';
import { type Gate } from './gate.ts';
import { type Exchange } from '../exchange.ts';

/** What the ways of delivering an answer share. */
export interface Delivery {
  readonly exchange: Exchange;
  readonly gate: Gate;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes of the server's whole body, where it said so before. */
  readonly length: number | undefined;
  /** Writes the audit record, once; later calls change nothing. Must come before the end of the answer. */
  record(ending: Ending): Promise<void>;
  /** Ends the exchange with an error of the gateway. */
  fail(error: AppError): Promise<void>;
}

/** Takes an answer after its head. */
export interface AnswerBody {
  onChunk(chunk: Buffer): void;
  onEnd(): Promise<void>;
}

/** Writes to the caller and counts it. */
export function write(to: Pick<Delivery, 'exchange' | 'gate'>, bytes: Buffer | string): void {
  to.exchange.bytesOut += Buffer.byteLength(bytes);
  send(to, bytes);
}

/** Writes what was counted, and holds the server back while the caller is slow. A caller who left takes everything. */
export function send({ exchange, gate }: Pick<Delivery, 'exchange' | 'gate'>, bytes: Buffer | string): void {
  const { response } = exchange;
  if (response.destroyed || response.writableEnded) return;
  // What the operating system has taken does not wait, however long it was.
  if (response.write(bytes) || response.writableLength === 0 || gate.isHeldBy('caller')) return;
  gate.hold('caller');
  // One who leaves while behind takes the rest, for the record.
  const release = (): void => {
    response.off('drain', release).off('close', release);
    gate.release('caller');
  };
  response.once('drain', release).once('close', release);
}

export function writeHead(
  { exchange, status, headers }: Delivery,
  more: Readonly<Record<string, string | number>>,
): void {
  const { response } = exchange;
  if (!response.headersSent && !response.destroyed) response.writeHead(status, { ...headers, ...more });
}
