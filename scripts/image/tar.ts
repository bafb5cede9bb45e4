// Writes tar archives (POSIX.1-2001, pax) that depend on nothing but what is in them: no times, owner root.

const BLOCK = 512;
const LONGEST_NAME = 100;
const TYPE = { file: '0', link: '2', directory: '5', pax: 'x' } as const;

export type TarEntry = { readonly path: string } & (
  | { readonly kind: 'file'; readonly mode: number; readonly data: Uint8Array }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'directory'; readonly mode: number }
);

/** The bytes of an archive of `entries`, in their order. Paths are relative, with `/`. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(2 * BLOCK)]);
}

function blocksOf(entry: TarEntry): readonly Uint8Array[] {
  const data = entry.kind === 'file' ? entry.data : new Uint8Array();
  const target = entry.kind === 'link' ? entry.target : '';
  const mode = entry.kind === 'link' ? 0o777 : entry.mode;
  const own = [header(TYPE[entry.kind], entry.path, mode, data.length, target), data, padding(data.length)];
  const records = [
    ...(isLong(entry.path) ? [paxRecord('path', entry.path)] : []),
    ...(isLong(target) ? [paxRecord('linkpath', target)] : []),
  ];
  if (records.length === 0) return own;
  const pax = Buffer.from(records.join(''));
  return [header(TYPE.pax, 'pax', 0o644, pax.length, ''), pax, padding(pax.length), ...own];
}

function isLong(name: string): boolean {
  return Buffer.byteLength(name) > LONGEST_NAME;
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts its own digits too. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + String(bytes).length;
  if (String(length).length > String(bytes).length) length = bytes + String(length).length;
  return `${length}${rest}`;
}

function header(type: string, path: string, mode: number, size: number, target: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(path.slice(0, LONGEST_NAME), 0);
  writeOctal(block, 100, 8, mode);
  writeOctal(block, 108, 8, 0);
  writeOctal(block, 116, 8, 0);
  writeOctal(block, 124, 12, size);
  writeOctal(block, 136, 12, 0);
  block.write(' '.repeat(8), 148);
  block.write(type, 156);
  block.write(target.slice(0, LONGEST_NAME), 157);
  block.write('ustar\x0000', 257, 'latin1');
  writeOctal(
    block,
    148,
    8,
    block.reduce((sum, byte) => sum + byte, 0),
  );
  return block;
}

function writeOctal(block: Buffer, offset: number, length: number, value: number): void {
  block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, offset, 'latin1');
}

function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}
