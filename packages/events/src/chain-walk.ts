import { type VerifyResult } from '@mcp-runtime/api';
import { type Head, type SpoolRecord, faultAfter } from './chain.ts';

export type FirstBad = NonNullable<VerifyResult['firstBad']>;

interface Stretch {
  readonly first: number;
  readonly head: Head;
}

/** Walks the chains of several writers at once, record by record, and keeps only their heads. */
export class ChainWalk {
  readonly #startOf: (record: SpoolRecord) => Head;
  readonly #stretches = new Map<string, Stretch>();
  #records = 0;

  /** `startOf` says what the first record seen of a writer has to continue. */
  constructor(startOf: (record: SpoolRecord) => Head) {
    this.#startOf = startOf;
  }

  /** Takes the next record of its writer; what is wrong with it, when something is. */
  take(record: SpoolRecord): FirstBad | undefined {
    const before = this.#stretches.get(record.writer);
    const fault = faultAfter(before?.head ?? this.#startOf(record), record);
    if (fault !== undefined) return { writer: record.writer, ...fault };
    this.#records++;
    this.#stretches.set(record.writer, {
      first: before?.first ?? record.seq,
      head: { seq: record.seq, hash: record.hash },
    });
    return undefined;
  }

  headOf(writer: string): Head | undefined {
    return this.#stretches.get(writer)?.head;
  }

  /** Everything walked so far, which ended at `firstBad` when that is given. */
  result(firstBad: FirstBad | undefined): VerifyResult {
    const writers = [...this.#stretches].map(([writer, { first, head }]) => ({
      writer,
      first,
      last: head.seq,
      head: head.hash,
    }));
    return {
      ok: firstBad === undefined,
      records: this.#records,
      writers: writers.toSorted((a, b) => (a.writer < b.writer ? -1 : 1)),
      ...(firstBad && { firstBad }),
    };
  }
}
