/** DER, as far as a certificate needs it (ITU-T X.690). It is only ever written: what came from elsewhere is read by Node. */

const TAGS = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;

const SHORT_LENGTH = 0x80;

export function sequence(...items: readonly Buffer[]): Buffer {
  return tagged(TAGS.sequence, ...items);
}

export function setOf(...items: readonly Buffer[]): Buffer {
  return tagged(TAGS.set, ...items);
}

/** A whole number of at least 0, by its bytes. */
export function unsigned(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first === -1 ? Buffer.of(0) : bytes.subarray(first);
  const isHigh = ((digits[0] ?? 0) & 0x80) !== 0;
  return tagged(TAGS.integer, isHigh ? Buffer.concat([Buffer.of(0), digits]) : digits);
}

export function yes(): Buffer {
  return tagged(TAGS.boolean, Buffer.of(0xff));
}

export function octets(content: Buffer): Buffer {
  return tagged(TAGS.octetString, content);
}

export function bits(content: Buffer, unused = 0): Buffer {
  return tagged(TAGS.bitString, Buffer.of(unused), content);
}

export function utf8(text: string): Buffer {
  return tagged(TAGS.utf8String, Buffer.from(text));
}

/** Of this century, as certificates want it: two digits of the year until 2049 (RFC 5280 §4.1.2.5). */
export function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return text < '2050'
    ? tagged(TAGS.utcTime, Buffer.from(text.slice(2)))
    : tagged(TAGS.generalizedTime, Buffer.from(text));
}

export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tagged(TAGS.objectId, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** `[number]` of a choice or an optional member; `tag` holds the class and form bits. */
export function tagged(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(tag), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < SHORT_LENGTH) return Buffer.of(length);
  const hex = length.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.of(SHORT_LENGTH | bytes.length), bytes]);
}

function base128(arc: number): readonly number[] {
  const groups: number[] = [arc & 0x7f];
  for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
  return groups;
}
