import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Parts, bytesOfParts, lengthened } from './parts.ts';

/** Whose credential a request carries. */
export const CREDENTIALS = [
  'valid',
  'none',
  'stranger',
  'expired',
  'not yet valid',
  'revoked session',
  'unknown session',
  'other server',
  'other issuer',
  'other key',
  'unsigned',
  'signed with the public key',
  'signature cut',
  'claims swapped',
  'no expiry',
  'no use',
  'other installation',
  'bound to a key',
  'bound to a certificate',
  'bound to what nobody knows',
  'anonymous',
] as const;

/** Reasons of refusals whose answers tell none. */
const RECORDED = [
  'canceled',
  'rpc_inspection_failed',
  'invalid_request',
  'request_too_large',
  'method_not_allowed',
] as const;

const Case = z.strictObject({
  id: z.string(),
  /** What somebody might hope to get by it. */
  why: z.string().optional(),
  credential: z.enum(CREDENTIALS).default('valid'),
  /** Request line; that of a call unless given. */
  line: z.string().default('POST /memory/mcp HTTP/1.1'),
  /** Header lines in place of those of a good call with the same name, or beside them. */
  headers: z.array(z.string()).default([]),
  /** Names of headers of a good call that are left out. */
  without: z.array(z.string()).default([]),
  body: Parts.default(''),
  /** The bytes of the connection after what `headers` and `body` say. */
  after: z.string().default(''),
  /** The whole connection, in place of everything above but the credential. */
  raw: z.string().optional(),
  expect: z.strictObject({
    status: z.int(),
    /** JSON-RPC code of the answer. */
    code: z.int().optional(),
    reason: z.string().optional(),
    /** What the server behind the gateway may see of it. */
    server: z.enum(['nothing', 'the body', 'the good call', 'something else']).default('nothing'),
    /** The body of that something. */
    sees: z.string().optional(),
    /** A reason: that of a denial that the answer does not tell. */
    recorded: z.enum(['the reason', 'allow', ...RECORDED]).default('the reason'),
    /** Why the bytes behind the request are refused. */
    alsoRecorded: z.enum(RECORDED).optional(),
  }),
});

export type HostileCase = z.infer<typeof Case>;

const File = z.strictObject({ about: z.string(), cases: z.array(Case) });

const FOLDER = join(import.meta.dirname, 'corpus');

/** Every case, its id led by the name of its file. */
export function loadCorpus(): readonly HostileCase[] {
  return readdirSync(FOLDER)
    .toSorted()
    .flatMap((file) => {
      const { cases } = File.parse(JSON.parse(readFileSync(join(FOLDER, file), 'utf8')));
      return cases.map((one) => ({ ...one, id: `${file.replace('.json', '')}: ${one.id}` }));
    });
}

interface Target {
  /** Value of the Host header. */
  readonly host: string;
  /** Path of the server; `/memory/mcp` in the corpus. */
  readonly path: string;
  /** Undefined for no Authorization header. */
  readonly token: string | undefined;
  /** An MCP session that somebody else opened. */
  readonly session: string;
}

/** The body of a case, byte for byte. */
export function bodyOf({ body }: HostileCase): Buffer {
  return bytesOfParts(body);
}

/** The bytes that a case puts on a new connection. */
export function bytesOf(one: HostileCase, target: Target): Buffer {
  if (one.raw !== undefined) return Buffer.from(filled(one.raw, target), 'latin1');
  const body = bodyOf(one);
  const given = one.headers.map((line) => filled(line, target));
  const named = new Set([...given.map(nameOf), ...one.without.map((name) => name.toLowerCase())]);
  const usual = [
    `Host: ${target.host}`,
    'Content-Type: application/json',
    'Accept: application/json, text/event-stream',
    'MCP-Protocol-Version: 2025-11-25',
    ...(target.token === undefined ? [] : [`Authorization: Bearer ${target.token}`]),
    'Connection: close',
    ...(one.line.startsWith('POST ') ? [`Content-Length: ${body.length}`] : []),
  ].filter((line) => !named.has(nameOf(line)));
  const head = [filled(one.line, target), ...usual, ...given, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), body, Buffer.from(filled(one.after, target), 'latin1')]);
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(':')).trim().toLowerCase();
}

function filled(text: string, { host, path, token, session }: Target): string {
  return lengthened(text)
    .replaceAll('/memory/mcp', path)
    .replaceAll('{host}', host)
    .replaceAll('{token}', token ?? '')
    .replaceAll('{session}', session);
}
