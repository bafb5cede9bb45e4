import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import { AppError } from '@mcp-runtime/api';
import { type SpoolRecord } from '../chain.ts';
import { parseLine } from '../record-line.ts';

/** A place in a segment between two lines: bytes and lines before it. */
export interface Position {
  readonly offset: number;
  readonly line: number;
}

export const BEGINNING: Position = { offset: 0, line: 0 };

export interface RecordBlock {
  readonly records: readonly SpoolRecord[];
  /** Where the next block begins. */
  readonly end: Position;
}

const BLOCK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/**
 * The whole lines that a segment has from `from` on, a block at a time. An incomplete last line is not
 * read: its writer is still at it, or has died over it. Neither is what is written meanwhile: a reader that
 * ran after a busy writer would never end, and would get its records one by one.
 * @throws AppError `data_corrupt` naming file and line when a whole line is not a record.
 */
export async function* readRecords(path: string, writer: string, from: Position): AsyncGenerator<RecordBlock> {
  const file = await open(path, 'r');
  try {
    let { offset, line } = from;
    let rest: Buffer = Buffer.alloc(0);
    const { size } = await file.stat();
    while (offset + rest.length < size) {
      const position = offset + rest.length;
      const { bytesRead, buffer } = await file.read({ buffer: Buffer.allocUnsafe(BLOCK_BYTES), position });
      if (bytesRead === 0) return;
      const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      const whole = bytes.subarray(0, bytes.lastIndexOf(NEWLINE) + 1);
      rest = bytes.subarray(whole.length);
      if (whole.length === 0) continue;
      const records = recordsIn(whole, path, writer, line);
      offset += whole.length;
      line += records.length;
      yield { records, end: { offset, line } };
    }
  } finally {
    await file.close();
  }
}

export function corruptLine(path: string, line: number, why: string): AppError {
  return new AppError('data_corrupt', `line ${line} of the audit spool file \`${path}\` ${why}`, {
    next: 'keep the file as evidence, and move the folder of its writer away to start a new chain',
  });
}

function recordsIn(bytes: Buffer, path: string, writer: string, linesBefore: number): readonly SpoolRecord[] {
  // Bytes that are not UTF-8 would decode to the same replacement character as others do.
  if (!isUtf8(bytes)) throw corruptLine(path, linesBefore + firstBadLine(bytes), 'is not UTF-8');
  const lines = bytes.toString('utf8', 0, bytes.length - 1).split('\n');
  return lines.map((text, index) => {
    const record = parseLine(writer, text);
    if (record === undefined) throw corruptLine(path, linesBefore + index + 1, 'is not a record');
    return record;
  });
}

function firstBadLine(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(NEWLINE, start) + 1;
    if (!isUtf8(bytes.subarray(start, end))) break;
    start = end;
  }
  return line;
}
