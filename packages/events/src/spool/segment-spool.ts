import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError, type AuditEvent } from '@mcp-runtime/api';
import { errnoOf } from '@mcp-runtime/base';
import { type Head, type SpoolRecord } from '../chain.ts';
import { isStorable } from '../event-text.ts';
import { Losses } from './losses.ts';
import { Marks } from './marks.ts';
import { type Backlog, type Spool, type SpoolOptions } from './port.ts';
import { type SegmentWriter } from './segment-writer.ts';
import { bytesOf } from './segments.ts';

interface Waiting {
  readonly event: string;
  readonly resolve: () => void;
  readonly reject: (error: AppError) => void;
}

interface Opened {
  readonly segments: SegmentWriter;
  /** Of all segments of the writer. */
  readonly bytes: number;
  readonly tail: Head;
  /** Lets other processes have the writer. */
  readonly unlock: () => void;
}

/** Bytes of events in one write, roughly. */
const BATCH_LENGTH = 1024 * 1024;
const SYNC_EVERY_MS = 1000;
/** After a failure the spool tries again by itself: a server that refuses what is not recorded would never ask. */
const RETRY_MS = 1000;
/** How often the segments are looked at when they are too many, milliseconds: a shipper may have made room. */
const RECOUNT_MS = 1000;

/** Group commit: the appends of one turn of the event loop, or of one sync of the disk, are one write. */
export class SegmentSpool implements Spool {
  readonly writer: string;
  readonly #options: SpoolOptions;
  readonly #segments: SegmentWriter;
  readonly #unlock: () => void;
  readonly #losses = new Losses();
  readonly #marks = new Marks();
  #bytes: number;
  #countedAt = 0;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #unwritableSince: number | undefined;
  #retry: NodeJS.Timeout | undefined;
  readonly #syncer: NodeJS.Timeout | undefined;

  constructor(options: SpoolOptions, { segments, bytes, tail, unlock }: Opened) {
    this.writer = options.writer;
    this.#options = options;
    this.#segments = segments;
    this.#unlock = unlock;
    this.#bytes = bytes;
    if (tail.seq > 0) this.#marks.note(1, options.clock());
    if (options.fsync === 'interval') this.#syncer = setInterval(() => void this.#syncSoon(), SYNC_EVERY_MS).unref();
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

  backlog(stored: number): Backlog {
    const records = Math.max(0, this.#segments.head.seq - stored);
    const oldestAt = records === 0 ? undefined : this.#marks.timeOf(stored + 1);
    return { records, bytes: this.#bytes, oldestAt, lost: this.#losses.total };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#release());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #release(): Promise<void> {
    clearInterval(this.#syncer);
    clearTimeout(this.#retry);
    await this.#writing;
    if (this.#losses.unrecorded > 0) await this.#writeOut();
    clearTimeout(this.#retry);
    try {
      await this.#segments.close();
    } finally {
      this.#unlock();
    }
  }

  async #writeOut(): Promise<void> {
    do {
      await nextTurn();
      if (this.#isOver()) await this.#recount();
      const batch = this.#waiting.splice(0, batchSize(this.#waiting));
      const failure = await this.#writeBatch(batch);
      if (failure !== undefined) this.#refuseWaiting(failure);
    } while (this.#waiting.length > 0);
    this.#writing = undefined;
  }

  /** Settles every append of the batch; what went wrong, when something did. */
  async #writeBatch(batch: readonly Waiting[]): Promise<AppError | undefined> {
    const gap = this.#losses.event(this.writer);
    const gaps = gap === undefined ? 0 : 1;
    let written: readonly SpoolRecord[] = [];
    let settled = 0;
    try {
      if (this.#isOver()) throw this.#overLimit();
      this.#segments.repair();
      const texts = batch.map(({ event }) => event);
      const { records, failure } = this.#segments.write(gap === undefined ? texts : [JSON.stringify(gap), ...texts]);
      written = records;
      this.#onWritten(records, gap);
      if (this.#options.fsync === 'always') await this.#segments.sync();
      for (const [index, record] of records.entries()) {
        if (index >= gaps) batch[settled++]?.resolve();
        this.#options.onDurable?.(record);
      }
      if (failure !== undefined) throw failure;
      this.#setWritable();
      return undefined;
    } catch (error) {
      const failure = asSpoolError(error);
      const lost = batch.length - Math.max(0, written.length - gaps);
      this.#losses.note(lost, failure.code, this.#options.clock());
      for (const { reject } of batch.slice(settled)) reject(failure);
      return failure;
    }
  }

  #onWritten(records: readonly SpoolRecord[], gap: AuditEvent | undefined): void {
    const [first] = records;
    if (first === undefined) return;
    this.#marks.note(first.seq, this.#options.clock());
    for (const { event } of records) this.#bytes += event.length + LINE_BYTES;
    if (gap === undefined) return;
    this.#losses.onRecorded();
    this.#options.log.error('audit records are missing', { writer: this.writer, count: gap.payload.count });
  }

  #isOver(): boolean {
    return this.#bytes >= (this.#options.maxBytes ?? Infinity);
  }

  #overLimit(): AppError {
    return new AppError('disk_full', `the audit spool has reached its limit of ${this.#options.maxBytes} bytes`, {
      next: 'see to it that its records are stored elsewhere, or raise the limit',
    });
  }

  /** What was shipped has gone. */
  async #recount(): Promise<void> {
    const now = this.#options.clock();
    if (now - this.#countedAt < RECOUNT_MS) return;
    this.#countedAt = now;
    this.#bytes = await bytesOf(this.#options.dir, this.writer).catch(() => this.#bytes);
  }

  async #syncSoon(): Promise<void> {
    try {
      await this.#segments.sync();
    } catch (error) {
      this.#options.log.error('audit spool not synced', { writer: this.writer, cause: String(error) });
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
      const { code, message, cause } = failure;
      log.error('audit spool unwritable', { writer: this.writer, code, message, cause: String(cause) });
    }
    this.#unwritableSince ??= clock();
    const waiting = this.#waiting.splice(0);
    this.#losses.note(waiting.length, failure.code, clock());
    for (const { reject } of waiting) reject(failure);
    clearTimeout(this.#retry);
    const retry = (): void => {
      this.#writing ??= this.#writeOut();
    };
    this.#retry = setTimeout(retry, RETRY_MS).unref();
  }
}

/** Of a line beside its event: number, two hashes and names, roughly. */
const LINE_BYTES = 180;

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
  if (error instanceof AppError) return error;
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
