import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Parts, bytesOfParts, lengthened } from './parts.ts';

const Case = z.strictObject({
  id: z.string(),
  /** What somebody might hope to get by it. */
  why: z.string().optional(),
  /** Method of the caller's request: `task` is a call that may become one, `stream` the stream of a session. */
  asks: z.enum(['tools/list', 'tools/call', 'task', 'stream']).default('tools/call'),
  type: z.string().default('application/json'),
  headers: z.array(z.string()).default([]),
  body: Parts.default(''),
  /** The whole answer, in place of the three above. */
  raw: z.string().optional(),
  /** Whether the server leaves the connection open after its answer. */
  keepsOpen: z.enum(['yes', 'no']).default('no'),
  expect: z.strictObject({
    /** What the caller gets. */
    status: z.int(),
    reason: z.string().optional(),
    shows: z.array(z.string()).default([]),
    hides: z.array(z.string()).default([]),
    /** What the record says of it. */
    outcome: z.enum(['ok', 'rpc_error', 'tool_error', 'upstream_error']),
  }),
});

export type HostileAnswer = z.infer<typeof Case>;

export function loadAnswers(): readonly HostileAnswer[] {
  const text = readFileSync(join(import.meta.dirname, 'answers.json'), 'utf8');
  return z.strictObject({ about: z.string(), cases: z.array(Case) }).parse(JSON.parse(text)).cases;
}

/** The bytes that the server puts on the connection. */
export function bytesOfAnswer({ raw, type, headers, body }: HostileAnswer): Buffer {
  if (raw !== undefined) return Buffer.from(lengthened(raw), 'latin1');
  const bytes = bytesOfParts(body);
  const typeLine = type === '' ? [] : [`Content-Type: ${type}`];
  const head = ['HTTP/1.1 200 OK', ...typeLine, ...headers, `Content-Length: ${bytes.length}`, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes]);
}
