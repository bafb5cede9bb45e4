import { z } from 'zod';

/** What the programs of a benchmark ask each other over the channel between them. */

/** Processor time since the start in microseconds, memory in bytes. */
export const Usage = z.object({ cpuMicros: z.number(), rssBytes: z.number() });
export type Usage = z.infer<typeof Usage>;

export const Ready = z.object({ url: z.string() });

/** What an answer must be: the whole text after the id, or a text somewhere in it. */
const Expectation = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('result'), bytes: z.number() }),
  z.object({ kind: z.literal('denial'), reason: z.string() }),
]);
export type Expectation = z.infer<typeof Expectation>;

export const Load = z.object({
  url: z.string(),
  token: z.string(),
  tool: z.string(),
  connections: z.number(),
  seconds: z.number(),
  expect: Expectation,
});
export type Load = z.infer<typeof Load>;

/** Times are milliseconds. `wrong` answers are in `calls` too. */
export const Loaded = z.object({
  calls: z.number(),
  wrong: z.number(),
  seconds: z.number(),
  p50: z.number(),
  p99: z.number(),
});
export type Loaded = z.infer<typeof Loaded>;

/** What a server behind a proxy has seen. */
export const Seen = z.object({ calls: z.number(), connections: z.number() });

/** Records in the audit log of a gateway, and whether their chain holds. */
export const Audited = z.object({ records: z.number(), holds: z.boolean() });

/** The key that signs session tokens, and what a gateway is to do with its records. */
export const GatewaySetup = z.object({
  upstream: z.string(),
  audit: z.enum(['off', 'spool', 'store']),
  spool: z.string(),
  publicKey: z.record(z.string(), z.string()),
});
export type GatewaySetup = z.infer<typeof GatewaySetup>;
