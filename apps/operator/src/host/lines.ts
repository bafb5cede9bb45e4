import { type Readable } from 'node:stream';

export const MAX_LINE_LENGTH = 8192;

/** Calls back for each line. One over `MAX_LINE_LENGTH` characters is cut, its rest is skipped. */
export function onLines(stream: Readable, onLine: (line: string) => void): void {
  let held = '';
  let cut = false;

  function finish(): void {
    if (!cut) onLine(held.endsWith('\r') ? held.slice(0, -1) : held);
    held = '';
    cut = false;
  }

  function hold(part: string): void {
    if (cut) return;
    held += part;
    if (held.length <= MAX_LINE_LENGTH) return;
    onLine(`${held.slice(0, MAX_LINE_LENGTH)}…`);
    held = '';
    cut = true;
  }

  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const [first = '', ...others] = chunk.split('\n');
    hold(first);
    for (const part of others) {
      finish();
      hold(part);
    }
  });
  stream.on('end', () => {
    if (held !== '') finish();
  });
  stream.on('error', () => {});
}
