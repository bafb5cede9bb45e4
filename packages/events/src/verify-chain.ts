import { type VerifyResult } from '@mcp-runtime/api';
import { ChainWalk, type FirstBad } from './chain-walk.ts';
import { type Head, type SpoolRecord, startOf } from './chain.ts';

interface VerifyOptions {
  /** What was verified before these records, such as the store before its spool. They may overlap. */
  readonly after?: VerifyResult;
}

type Stretch = VerifyResult['writers'][number];

/**
 * Checks that every record is what its hash was made of and continues the record before it. Stops at
 * the first that does not; counts and heads are then those up to it. Does no I/O of its own.
 * A chain that begins after its first record is taken from where it begins (`first` says where),
 * unless `after` knows what comes before.
 */
export async function verifyChain(
  records: AsyncIterable<SpoolRecord> | Iterable<SpoolRecord>,
  { after }: VerifyOptions = {},
): Promise<VerifyResult> {
  if (after?.ok === false) return after;
  const known = new Map(after?.writers.map((stretch) => [stretch.writer, stretch]));
  const walk = new ChainWalk((record) => startAfter(known.get(record.writer), record));
  let firstBad: FirstBad | undefined;
  for await (const record of records) {
    firstBad = walk.take(record) ?? differenceFrom(known.get(record.writer), record);
    if (firstBad !== undefined) break;
  }
  const walked = walk.result(firstBad ?? firstShort(known, walk));
  return after === undefined ? walked : joined(after, walked);
}

function startAfter(known: Stretch | undefined, record: SpoolRecord): Head {
  return known === undefined || record.seq <= known.last ? startOf(record) : { seq: known.last, hash: known.head };
}

/** Where the stretches overlap, the same hash at the last known record makes all before it the same. */
function differenceFrom(known: Stretch | undefined, record: SpoolRecord): FirstBad | undefined {
  if (record.seq !== known?.last || record.hash === known.head) return undefined;
  const { writer, seq } = record;
  return { writer, seq, problem: 'differs', message: `record ${seq} is another one than was verified before` };
}

/** A writer whose records overlap what is known but end before it. */
function firstShort(known: ReadonlyMap<string, Stretch>, walk: ChainWalk): FirstBad | undefined {
  for (const { writer, last } of known.values()) {
    const seq = walk.headOf(writer)?.seq;
    if (seq === undefined || seq >= last) continue;
    return { writer, seq: seq + 1, problem: 'missing', message: `the records end at ${seq}, though ${last} was known` };
  }
  return undefined;
}

function joined(after: VerifyResult, walked: VerifyResult): VerifyResult {
  const writers = new Map(after.writers.map((stretch) => [stretch.writer, stretch]));
  let { records } = after;
  for (const stretch of walked.writers) {
    const before = writers.get(stretch.writer);
    if (before !== undefined && before.last >= stretch.last) continue;
    records += stretch.last - Math.max(before?.last ?? 0, stretch.first - 1);
    writers.set(stretch.writer, { ...stretch, first: before?.first ?? stretch.first });
  }
  return {
    ...walked,
    records,
    writers: [...writers.values()].toSorted((a, b) => (a.writer < b.writer ? -1 : 1)),
  };
}
