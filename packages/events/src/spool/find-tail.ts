import { stat } from 'node:fs/promises';
import { AppError } from '@mcp-runtime/api';
import { GENESIS, type Head, faultAfter, startOf } from '../chain.ts';
import { BEGINNING, corruptLine, readRecords } from './read-records.ts';
import { type Segment, listSegments, segmentOf } from './segments.ts';

/** Where a writer goes on. */
export interface Tail {
  readonly head: Head;
  /** The segment to continue; it may not exist yet. */
  readonly segment: Segment;
  /** Bytes of whole lines in that segment. */
  readonly size: number;
  /** Bytes after them: a line that its writer did not finish. */
  readonly tornBytes: number;
}

/**
 * Reads the last segment of a writer and checks every record in it.
 * @throws AppError `data_corrupt` when a whole line is wrong, or when the segment before is needed and gone.
 */
export async function findTail(dir: string, writer: string): Promise<Tail> {
  const segments = await listSegments(dir, writer);
  const last = segments.at(-1);
  if (last === undefined) return { head: GENESIS, segment: segmentOf(dir, writer, 1), size: 0, tornBytes: 0 };
  const { size: bytes } = await stat(last.path);
  const { head, size } = await readThrough(last, writer);
  return {
    head: head ?? (await headBefore(last, segments.at(-2), writer)),
    segment: last,
    size,
    tornBytes: bytes - size,
  };
}

/** A segment without a whole record continues the one before it. */
async function headBefore(segment: Segment, before: Segment | undefined, writer: string): Promise<Head> {
  const head = before === undefined ? GENESIS : (await readThrough(before, writer)).head;
  if (head?.seq === segment.first - 1) return head;
  throw new AppError('data_corrupt', `record ${segment.first - 1}, before \`${segment.path}\`, is missing`, {
    next: 'restore the audit spool, or move the folder of its writer away to start a new chain',
  });
}

async function readThrough(segment: Segment, writer: string): Promise<{ head: Head | undefined; size: number }> {
  let head: Head | undefined;
  let { offset: size, line } = BEGINNING;
  for await (const { records, end } of readRecords(segment.path, writer, BEGINNING)) {
    for (const record of records) {
      line++;
      if (head === undefined && record.seq !== segment.first) {
        throw corruptLine(segment.path, line, `is record ${record.seq}, not ${segment.first}`);
      }
      const fault = faultAfter(head ?? startOf(record), record);
      if (fault !== undefined) throw corruptLine(segment.path, line, `is wrong: ${fault.message}`);
      head = { seq: record.seq, hash: record.hash };
    }
    size = end.offset;
  }
  return { head, size };
}
