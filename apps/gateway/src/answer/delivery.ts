import { type AppError } from '@mcp-runtime/api';
import { type Ending } from '../record.ts';
import { type Flow } from '../upstream/port.ts';
import { type Exchange } from '../exchange.ts';

/** What the ways of delivering an answer share. */
export interface Delivery {
  readonly exchange: Exchange;
  readonly flow: Flow;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
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
export function write(to: Pick<Delivery, 'exchange' | 'flow'>, bytes: Buffer | string): void {
  to.exchange.bytesOut += Buffer.byteLength(bytes);
  send(to, bytes);
}

/** Writes what was counted, and holds the server back while the caller is slow. A caller who left takes everything. */
export function send({ exchange, flow }: Pick<Delivery, 'exchange' | 'flow'>, bytes: Buffer | string): void {
  const { response } = exchange;
  if (response.destroyed || response.writableEnded) return;
  if (response.write(bytes)) return;
  flow.pause();
  response.once('drain', () => flow.resume());
}

export function writeHead(
  { exchange, status, headers }: Delivery,
  more: Readonly<Record<string, string | number>>,
): void {
  const { response } = exchange;
  if (!response.headersSent && !response.destroyed) response.writeHead(status, { ...headers, ...more });
}
