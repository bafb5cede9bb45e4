import { z } from 'zod';

/** What the programs of a benchmark ask each other over the channel between them. */

/**
 * Processor time since the start in microseconds, memory in bytes, and how late the event loop came to a timer since this
 * was asked before, in milliseconds.
 */
export const Usage = z.object({
  cpuMicros: z.number(),
  rssBytes: z.number(),
  lateP99: z.number().default(0),
  lateMax: z.number().default(0),
});
export type Usage = z.infer<typeof Usage>;

export const Ready = z.object({ url: z.string() });

/** How many bytes a question has, and what its answer is. `events`: one by one, or all `atOnce`. */
export const Payload = z.object({
  requestBytes: z.number(),
  answer: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('json'), bytes: z.number() }),
    z.object({ kind: z.literal('events'), count: z.number(), atOnce: z.boolean() }),
    z.object({ kind: z.literal('list'), shows: z.enum(['all', 'even']) }),
    z.object({ kind: z.literal('denial'), reason: z.string() }),
  ]),
});
export type Payload = z.infer<typeof Payload>;

/** A load: each connection asks again once it is answered, or calls fall due at a rate whatever becomes of those before. */
export const Load = z.object({
  url: z.string(),
  token: z.string(),
  payload: Payload,
  connections: z.number(),
  seconds: z.number(),
  /** Calls a second; without it the loop is closed. */
  rate: z.number().optional(),
  /** Whether the calls belong to an MCP session, which is opened before them. */
  inSession: z.boolean(),
  /** Before the name of each tool. */
  toolPrefix: z.string(),
});
export type Load = z.infer<typeof Load>;

/** Times are milliseconds, of an open loop since a call was due. `wrong` answers are in `calls` too. */
export const Loaded = z.object({
  calls: z.number(),
  wrong: z.number(),
  seconds: z.number(),
  p50: z.number(),
  p95: z.number(),
  p99: z.number(),
  p999: z.number(),
});
export type Loaded = z.infer<typeof Loaded>;

/** What a server behind a proxy has seen. */
export const Seen = z.object({ calls: z.number(), connections: z.number() });

/** Records in the audit log of a gateway, and whether their chain holds. */
export const Audited = z.object({ records: z.number(), holds: z.boolean() });

/** The key that signs session tokens, what governs the calls, and what becomes of their records. */
export const GatewaySetup = z.object({
  upstream: z.string(),
  policy: z.enum(['open', 'small', 'large']),
  audit: z.enum(['off', 'spool', 'store']),
  spool: z.string(),
  publicKey: z.record(z.string(), z.string()),
});
export type GatewaySetup = z.infer<typeof GatewaySetup>;
