import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError, type AuditEvent } from '@mcp-runtime/api';
import { errnoOf } from '@mcp-runtime/base';
import { isStorable } from '../event-text.ts';
import { type Spool, type SpoolOptions } from './port.ts';
import { type SegmentWriter } from './segment-writer.ts';

interface Waiting {
  readonly event: string;
  readonly resolve: () => void;
  readonly reject: (error: AppError) => void;
}

/** Bytes of events in one write, roughly. */
const BATCH_LENGTH = 1024 * 1024;

/** Group commit: the appends of one turn of the event loop, or of one sync of the disk, are one write. */
export class SegmentSpool implements Spool {
  readonly writer: string;
  readonly #options: SpoolOptions;
  readonly #segments: SegmentWriter;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #unwritableSince: number | undefined;

  constructor(options: SpoolOptions, segments: SegmentWriter) {
    this.writer = options.writer;
    this.#options = options;
    this.#segments = segments;
  }

  append(event: AuditEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closing !== undefined) throw new AppError('audit_unavailable', 'the audit spool is closed');
      this.#waiting.push({ event: toText(event), resolve, reject });
      this.#writing ??= this.#writeOut();
    });
  }

  state(): 'writable' | 'unwritable' {
    return this.#unwritableSince === undefined ? 'writable' : 'unwritable';
  }

  head(): { seq: number; hash: string } {
    const { seq, hash } = this.#segments.head;
    return { seq, hash };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#release());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #release(): Promise<void> {
    await this.#writing;
    await this.#segments.close();
  }

  async #writeOut(): Promise<void> {
    do {
      await nextTurn();
      const batch = this.#waiting.splice(0, batchSize(this.#waiting));
      const failure = await this.#writeBatch(batch);
      if (failure !== undefined) this.#refuseWaiting(failure);
    } while (this.#waiting.length > 0);
    this.#writing = undefined;
  }

  /** Settles every append of the batch; what went wrong, when something did. */
  async #writeBatch(batch: readonly Waiting[]): Promise<AppError | undefined> {
    let settled = 0;
    try {
      this.#segments.repair();
      const { records, failure } = this.#segments.write(batch.map(({ event }) => event));
      if (this.#options.fsync === 'always') await this.#segments.sync();
      for (const record of records) {
        batch[settled++]?.resolve();
        this.#options.onDurable?.(record);
      }
      if (failure !== undefined) throw failure;
      this.#setWritable();
      return undefined;
    } catch (error) {
      const failure = asSpoolError(error);
      for (const { reject } of batch.slice(settled)) reject(failure);
      return failure;
    }
  }

  #setWritable(): void {
    if (this.#unwritableSince === undefined) return;
    const { clock, log } = this.#options;
    log.info('audit spool writable again', { writer: this.writer, afterMs: clock() - this.#unwritableSince });
    this.#unwritableSince = undefined;
  }

  #refuseWaiting(failure: AppError): void {
    const { clock, log } = this.#options;
    if (this.#unwritableSince === undefined) {
      log.error('audit spool unwritable', { writer: this.writer, code: failure.code, cause: String(failure.cause) });
    }
    this.#unwritableSince ??= clock();
    for (const { reject } of this.#waiting.splice(0)) reject(failure);
  }
}

function toText(event: AuditEvent): string {
  if (!isStorable(event)) throw new AppError('audit_unavailable', 'the event lacks a field that the audit log needs');
  try {
    return JSON.stringify(event);
  } catch (error) {
    throw new AppError('audit_unavailable', 'the event cannot be written as JSON', { cause: error });
  }
}

function batchSize(waiting: readonly Waiting[]): number {
  let length = 0;
  const over = waiting.findIndex(({ event }) => (length += event.length) > BATCH_LENGTH);
  return over === -1 ? waiting.length : Math.max(over, 1);
}

function asSpoolError(error: unknown): AppError {
  const code = errnoOf(error);
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return new AppError(
    isFull ? 'disk_full' : 'audit_unavailable',
    isFull ? 'there is no space left for the audit spool' : 'the audit spool cannot be written',
    {
      cause: error,
      next: isFull ? 'make space; writing goes on by itself' : 'look at the disk and the permissions of the folder',
    },
  );
}
