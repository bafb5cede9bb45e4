import { type SpoolRecord } from '../chain.ts';
import { BEGINNING, corruptLine, readRecords } from './read-records.ts';
import { listSegments, listWriters } from './segments.ts';

/**
 * Every whole record of a spool, writer by writer, oldest first, in bounded memory. For a spool that
 * no shipper is at work on: what is shipped meanwhile would be missing.
 * @throws AppError `data_corrupt` naming file and line when a whole line is not a record, or not the one that its
 * file is named for.
 */
export async function* readSpool(dir: string): AsyncGenerator<SpoolRecord> {
  for (const writer of await listWriters(dir)) {
    for (const { first, path } of await listSegments(dir, writer)) {
      let expected = first;
      for await (const { records } of readRecords(path, writer, BEGINNING)) {
        const seq = records[0]?.seq;
        if (expected === first && seq !== first) throw corruptLine(path, 1, `is record ${seq}, not ${first}`);
        expected += records.length;
        yield* records;
      }
    }
  }
}
