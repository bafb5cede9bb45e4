const NEWLINE = 0x0a;
const RETURN = 0x0d;

interface LineHandlers {
  readonly line: (line: Buffer) => void;
  /** A line went beyond the limit; `start` is its first `maxBytes`, the rest is skipped. */
  readonly tooLong: (start: Buffer) => void;
}

/** Cuts chunks into lines of at most `maxBytes`. Ends of lines are LF or CRLF and are not passed on. */
export function lineSplitter(maxBytes: number, handlers: LineHandlers): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let size = 0;
  let skipping = false;

  const take = (): Buffer => {
    const line = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    parts = [];
    size = 0;
    return line;
  };

  const add = (piece: Buffer): void => {
    if (skipping) return;
    parts.push(piece);
    size += piece.length;
    if (size <= maxBytes) return;
    skipping = true;
    handlers.tooLong(take().subarray(0, maxBytes));
  };

  const endLine = (): void => {
    const line = take();
    if (!skipping && line.length > 0) handlers.line(line.at(-1) === RETURN ? line.subarray(0, -1) : line);
    skipping = false;
  };

  return (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, end));
      endLine();
      start = end + 1;
    }
    if (start < chunk.length) add(chunk.subarray(start));
  };
}
