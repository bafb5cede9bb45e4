import { open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, asAppError } from '@mcp-runtime/api';
import { type BackoffPolicy, type Logger, type Running, backoffMs } from '@mcp-runtime/base';
import { BEGINNING, type Position, readRecords } from './spool/read-records.ts';
import { diskFiles } from './spool/segment-file.ts';
import { type Segment, listSegments, listWriters } from './spool/segments.ts';
import { type EventStore } from './store/port.ts';

/** Moves records from a spool into the store, for as long as it runs. */
export interface Shipper extends Running {
  /** There are new records: they are stored within a moment. Cheap; call it as often as there are. */
  wake(): void;
  /**
   * Resolves when all that was in the spool at the time of the call is stored.
   * @throws AppError what keeps the records from being stored; shipping is tried again by itself all the same.
   */
  drained(): Promise<void>;
  /** Number of the last record of a writer that is known to be stored; 0 until that is known. */
  stored(writer: string): number;
}

interface ShipperOptions {
  readonly dir: string;
  readonly store: EventStore;
  readonly log: Logger;
  /** Whether segments stay when they are stored and finished. `never` unless given. */
  readonly keepSegments?: 'always' | 'never';
}

/** How far a writer is shipped: `head` is stored, and the next record is at or behind `position`. */
interface Place {
  readonly head: number;
  readonly first: number;
  readonly position: Position;
}

/** A commit costs the same for one record as for fifty, so it waits this long for more. */
const GATHER_MS = 50;
const AGAIN: BackoffPolicy = { initialMs: 200, factor: 2, maxMs: 30_000 };

/** Begins with what an earlier run left behind. Idempotent: what is stored already is skipped. */
export function startShipper(options: ShipperOptions): Shipper {
  return new SpoolShipper(options);
}

class SpoolShipper implements Shipper {
  readonly #options: ShipperOptions;
  readonly #places = new Map<string, Place>();
  readonly #stored = new Map<string, number>();
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #closing: Promise<void> | undefined;

  constructor(options: ShipperOptions) {
    this.#options = options;
    this.#wakeAfter(0);
  }

  wake(): void {
    // What is waiting already, for more records or after a failure, will see the new ones too.
    if (this.#timer === undefined) this.#wakeAfter(GATHER_MS);
  }

  async drained(): Promise<void> {
    await this.#pass();
  }

  stored(writer: string): number {
    return this.#stored.get(writer) ?? 0;
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#release());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #release(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.allSettled([this.#current, this.#next]);
  }

  #wakeAfter(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#closing !== undefined) return;
    const start = (): void => {
      this.#timer = undefined;
      // A pass that fails has logged it and has set the timer for the next one.
      this.#pass().catch(() => {});
    };
    this.#timer = setTimeout(start, ms);
  }

  /** A pass that begins after this call: the one under way may be past what is new. */
  #pass(): Promise<void> {
    if (this.#current === undefined) {
      this.#current = this.#ship().finally(() => (this.#current = undefined));
      return this.#current;
    }
    this.#next ??= this.#current
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return this.#pass();
      });
    return this.#next;
  }

  async #ship(): Promise<void> {
    try {
      const failures: unknown[] = [];
      for (const writer of await listWriters(this.#options.dir)) {
        // One writer's damaged file keeps no other from being stored.
        await this.#shipWriter(writer).catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0) throw failures[0];
      this.#failures = 0;
    } catch (error) {
      this.#again(asAppError(error));
      throw asAppError(error);
    }
  }

  #again(error: AppError): void {
    if (this.#closing !== undefined) return;
    const afterMs = backoffMs(AGAIN, this.#failures++);
    this.#options.log.warn('audit records not stored', { code: error.code, reason: error.message, againMs: afterMs });
    this.#wakeAfter(afterMs);
  }

  async #shipWriter(writer: string): Promise<void> {
    const { dir, store, keepSegments = 'never' } = this.#options;
    const segments = await listSegments(dir, writer);
    let place = this.#places.get(writer) ?? { head: await store.head(writer), first: 0, position: BEGINNING };
    this.#places.delete(writer);
    const begin = Math.max(
      segments.findLastIndex(({ first }) => first <= place.head + 1),
      0,
    );
    for (const segment of segments.slice(begin)) place = await this.#shipSegment(writer, segment, place);
    this.#places.set(writer, place);
    this.#stored.set(writer, place.head);
    if (keepSegments === 'never') await removeStored(segments, place.head);
  }

  async #shipSegment(writer: string, segment: Segment, place: Place): Promise<Place> {
    const { first, path } = segment;
    const from = place.first === first ? place.position : BEGINNING;
    let { head } = place;
    let position = from;
    for await (const { records, end } of readRecords(path, writer, from)) {
      if (this.#closing !== undefined) throw new AppError('canceled', 'the shipper is closed');
      const fresh = records.filter(({ seq }) => seq > head);
      if (fresh.length > 0) {
        await makeDurable(path, position);
        await this.#options.store.insert(fresh);
      }
      head = fresh.at(-1)?.seq ?? head;
      position = end;
    }
    return { head, first, position };
  }
}

/**
 * The store must not know of a record that the spool may forget: after a power failure the spool would
 * give its number to another one.
 */
async function makeDurable(path: string, from: Position): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
  if (from.offset === 0) await diskFiles.syncFolder(dirname(path));
}

/** A segment goes only once a record behind it is stored, so the last one, which holds the head, stays. */
async function removeStored(segments: readonly Segment[], head: number): Promise<void> {
  for (const [index, { path }] of segments.entries()) {
    const next = segments[index + 1];
    if (next === undefined || next.first > head) return;
    await unlink(path);
  }
}
