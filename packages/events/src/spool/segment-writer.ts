import { dirname } from 'node:path';
import { type Logger } from '@mcp-runtime/base';
import { type Head, type SpoolRecord, chainOn } from '../chain.ts';
import { toLine } from '../record-line.ts';
import { type Tail } from './find-tail.ts';
import { type SegmentFile, type SegmentFiles } from './segment-file.ts';
import { type Fsync } from './port.ts';
import { segmentOf } from './segments.ts';

interface SegmentWriterOptions {
  readonly files: SegmentFiles;
  readonly dir: string;
  readonly writer: string;
  readonly tail: Tail;
  readonly segmentBytes: number;
  readonly fsync: Fsync;
  readonly log: Logger;
}

/** The records that got into the file whole, and why not all of them did. */
interface Written {
  readonly records: readonly SpoolRecord[];
  readonly failure?: unknown;
}

/**
 * Puts records into segments. INVARIANT: a whole line that has reached a file is never removed or
 * changed, since a reader may have it already; only a broken end of a write is cut off.
 */
export class SegmentWriter {
  readonly #options: SegmentWriterOptions;
  readonly #finishing = new Set<Promise<void>>();
  #file: SegmentFile;
  #path: string;
  #size: number;
  #head: Head;
  #isTorn = false;
  #isNew = false;
  #unsynced: { readonly bytes: Buffer; readonly position: number }[] = [];

  /** @throws what the operating system says when the segment cannot be opened. */
  constructor(options: SegmentWriterOptions) {
    const { files, tail } = options;
    this.#options = options;
    this.#head = tail.head;
    this.#size = tail.size;
    this.#path = tail.segment.path;
    this.#file = openAt(files, this.#path, tail.size);
    this.#isNew = tail.size === 0;
  }

  get head(): Head {
    return this.#head;
  }

  /** Makes good what an earlier failure left behind: call before `write`. Throws when that fails again. */
  repair(): void {
    if (this.#isTorn) this.#file.truncate(this.#size);
    this.#isTorn = false;
    // After a failed sync nobody knows which pages the disk has (they count as clean): write them again.
    for (const { bytes, position } of this.#unsynced) writeAll(this.#file, bytes, position);
  }

  /** Chains the events on and writes them in one go. Throws when nothing could be written. */
  write(events: readonly string[]): Written {
    if (this.#size >= this.#options.segmentBytes && this.#unsynced.length === 0) this.#rotate();
    const records: SpoolRecord[] = [];
    const ends: number[] = [];
    let text = '';
    let end = 0;
    let head = this.#head;
    for (const event of events) {
      const record = chainOn(head, this.#options.writer, event);
      const line = toLine(record);
      head = record;
      text += line;
      end += Buffer.byteLength(line);
      records.push(record);
      ends.push(end);
    }
    const bytes = Buffer.from(text);
    const { taken, failure } = writeWhatFits(this.#file, bytes, this.#size);
    const whole = failure === undefined ? records.length : ends.filter((after) => after <= taken).length;
    this.#accept(records.slice(0, whole), bytes.subarray(0, ends[whole - 1] ?? 0));
    if (failure === undefined) return { records };
    this.#cutOff();
    return { records: records.slice(0, whole), failure };
  }

  /** Waits until everything written survives a power failure. After a rejection, `repair` writes it again. */
  async sync(): Promise<void> {
    if (this.#isNew) await this.#options.files.syncFolder(dirname(this.#path));
    this.#isNew = false;
    await this.#file.datasync();
    this.#unsynced = [];
  }

  /** Syncs and closes all files. */
  async close(): Promise<void> {
    try {
      await this.#file.datasync();
    } finally {
      this.#file.close();
      await Promise.all(this.#finishing);
    }
  }

  #accept(records: readonly SpoolRecord[], bytes: Buffer): void {
    const last = records.at(-1);
    if (last === undefined) return;
    if (this.#options.fsync === 'always') this.#unsynced.push({ bytes, position: this.#size });
    this.#head = { seq: last.seq, hash: last.hash };
    this.#size += bytes.length;
  }

  #cutOff(): void {
    this.#isTorn = true;
    try {
      this.repair();
    } catch {
      // The next `repair` tries again, and the caller already knows of the failure that led here.
    }
  }

  #rotate(): void {
    const { files, dir, writer } = this.#options;
    const { path } = segmentOf(dir, writer, this.#head.seq + 1);
    const next = openAt(files, path, 0);
    this.#finish(this.#file);
    this.#file = next;
    this.#path = path;
    this.#size = 0;
    this.#isNew = true;
  }

  /** In the background: a finished segment is synced once, and appends do not wait for it. */
  #finish(file: SegmentFile): void {
    const { log, writer } = this.#options;
    const finished = file
      .datasync()
      .catch((error: unknown) => log.warn('audit segment not synced', { writer, error: String(error) }))
      .finally(() => {
        file.close();
        this.#finishing.delete(finished);
      });
    this.#finishing.add(finished);
  }
}

/** What is behind `size` is a line that was not finished. */
function openAt(files: SegmentFiles, path: string, size: number): SegmentFile {
  const file = files.open(path);
  try {
    file.truncate(size);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

function writeAll(file: SegmentFile, bytes: Buffer, position: number): void {
  const { failure } = writeWhatFits(file, bytes, position);
  if (failure !== undefined) throw failure;
}

/** `write(2)` may take less than it is given, and says why only when asked again. */
function writeWhatFits(file: SegmentFile, bytes: Buffer, position: number): { taken: number; failure?: unknown } {
  let taken = 0;
  try {
    while (taken < bytes.length) {
      const count = file.write(bytes.subarray(taken), position + taken);
      if (count === 0) throw new Error('the file takes no more bytes');
      taken += count;
    }
    return { taken };
  } catch (failure) {
    return { taken, failure };
  }
}
