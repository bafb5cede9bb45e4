import { type SpoolRecord } from './chain.ts';

const LINE = /^\{"seq":([1-9][0-9]{0,15}),"prev":"([0-9a-f]{64})","hash":"([0-9a-f]{64})","event":(\{.*\})\}$/s;

/** The line of a record, newline included. The writer is the folder, so it is not in the line. */
export function toLine({ seq, prev, hash, event }: SpoolRecord): string {
  return `{"seq":${seq},"prev":"${prev}","hash":"${hash}","event":${event}}\n`;
}

/** Reads a line without its newline; the event is cut out, not parsed. Nothing for any other form. */
export function parseLine(writer: string, line: string): SpoolRecord | undefined {
  const [, seq, prev, hash, event] = LINE.exec(line) ?? [];
  if (seq === undefined || prev === undefined || hash === undefined || event === undefined) return undefined;
  return { writer, seq: Number(seq), prev, hash, event };
}
