import { z } from 'zod';

/** Bytes in parts: text, bytes in hexadecimal, or text many times. */
export const Parts = z.union([
  z.string(),
  z.array(
    z.union([
      z.string(),
      z.strictObject({ hex: z.string().regex(/^([0-9a-f]{2})*$/) }),
      z.strictObject({ text: z.string(), times: z.int().positive() }),
    ]),
  ),
]);

export function bytesOfParts(parts: z.infer<typeof Parts>): Buffer {
  return Buffer.concat(
    (typeof parts === 'string' ? [parts] : parts).map((part) => {
      if (typeof part === 'string') return Buffer.from(part);
      return 'hex' in part ? Buffer.from(part.hex, 'hex') : Buffer.from(part.text.repeat(part.times));
    }),
  );
}

/** `{a*N}` stands for N letters. */
export function lengthened(text: string): string {
  return text.replaceAll(/\{a\*(\d+)\}/g, (_, times: string) => 'a'.repeat(Number(times)));
}
