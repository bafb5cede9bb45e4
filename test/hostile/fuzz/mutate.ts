import { type Random } from './random.ts';

/** Pieces that parsers stumble over. */
const TOKENS = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  ' ',
  '\n',
  '\r',
  '\r\n',
  '\n\n',
  '\t',
  '\0',
  '\u007f',
  '\uFEFF',
  '\u2028',
  '\\u0000',
  '\\ud800',
  '\\udc00',
  '\\u006e',
  '\\/',
  'null',
  'true',
  '1e400',
  '-0',
  '1.0',
  '0x1',
  'NaN',
  '"id":2,',
  '"method":"x",',
  '"Name":"b",',
  '"name":"b",',
  'data:',
  'data',
  ': ',
  'id:',
  'event: x\n',
  '0\r\n\r\n',
  'é',
  '😀',
] as const;

/** The bytes with a few changes: bytes flipped, cut out, doubled, moved, or a token put in. */
export function mutate(bytes: Buffer, random: Random): Buffer {
  let changed = bytes;
  for (let left = 1 + random.below(3); left > 0; left--) changed = changeOnce(changed, random);
  return changed;
}

function changeOnce(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + random.below(random.once(4) ? 64 : 4));
  const before = bytes.subarray(0, at);
  const slice = bytes.subarray(at, end);
  switch (random.below(6)) {
    case 0:
      return Buffer.concat([before, Buffer.of(random.below(256)), bytes.subarray(Math.min(bytes.length, at + 1))]);
    case 1:
      return Buffer.concat([before, bytes.subarray(end)]);
    case 2:
      return Buffer.concat([before, slice, slice, bytes.subarray(end)]);
    case 3: {
      const to = random.below(bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, to), slice, bytes.subarray(to)]);
    }
    case 4:
      return bytes.subarray(0, at);
    default:
      return Buffer.concat([before, Buffer.from(random.pick(TOKENS)), bytes.subarray(at)]);
  }
}
