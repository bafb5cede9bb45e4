import { connect } from 'node:net';
import { z } from 'zod';

/** One HTTP answer of a connection. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; of several the last. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

const PATIENCE_MS = 60_000;

/** Puts bytes on a new connection and reads until the other side closes it. A reset after answers counts as closing. */
export async function send(url: string, bytes: Buffer): Promise<readonly RawAnswer[]> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const closed = Promise.withResolvers<void>();
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  socket.on('close', () => closed.resolve());
  socket.setTimeout(PATIENCE_MS, () => closed.reject(new Error(`no end of ${JSON.stringify(text())}`)));
  socket.write(bytes);
  try {
    await closed.promise;
  } finally {
    socket.destroy();
  }
  return answersIn(text());

  function text(): string {
    return Buffer.concat(chunks).toString('latin1');
  }
}

/** The answers that follow one another in the bytes of a connection; a 100 says nothing and is passed over. */
function answersIn(text: string): readonly RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = text;
  while (rest !== '') {
    const headEnd = rest.indexOf('\r\n\r\n');
    const [statusLine = '', ...lines] = rest.slice(0, Math.max(headEnd, 0)).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]);
    if (Number.isNaN(status)) throw new Error(`no HTTP answer: ${JSON.stringify(rest.slice(0, 200))}`);
    const headers = new Map(lines.map((line) => [nameOf(line), line.slice(line.indexOf(':') + 1).trim()] as const));
    const { body, after } = bodyAt(rest.slice(headEnd + 4), headers);
    if (status !== 100) answers.push({ status, headers, body: Buffer.from(body, 'latin1').toString('utf8') });
    rest = status === 100 ? rest.slice(headEnd + 4) : after;
  }
  return answers;
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(':')).toLowerCase();
}

function bodyAt(text: string, headers: ReadonlyMap<string, string>): { readonly body: string; readonly after: string } {
  if (headers.get('transfer-encoding') === 'chunked') return chunkedAt(text);
  const length = headers.get('content-length');
  if (length === undefined) return { body: text, after: '' };
  return { body: text.slice(0, Number(length)), after: text.slice(Number(length)) };
}

function chunkedAt(text: string): { readonly body: string; readonly after: string } {
  let body = '';
  let at = 0;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    const size = lineEnd === -1 ? 0 : Number.parseInt(text.slice(at, lineEnd), 16);
    const start = lineEnd + 2;
    if (size === 0) return { body, after: lineEnd === -1 ? '' : text.slice(start + 2) };
    body += text.slice(start, start + size);
    at = start + size + 2;
  }
}

const RpcError = z.object({
  id: z.union([z.string(), z.number(), z.null()]),
  error: z.object({ code: z.number(), data: z.object({ reason: z.string() }).optional() }),
});
const PlainError = z.object({ error: z.string() });

/** Code and reason that an answer gives; both undefined where it is no refusal. */
export function refusalIn({ body }: RawAnswer): { readonly code?: number; readonly reason?: string | undefined } {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return {};
  }
  const plain = PlainError.safeParse(value);
  if (plain.success) return { reason: plain.data.error };
  const rpc = RpcError.safeParse(value);
  return rpc.success ? { code: rpc.data.error.code, reason: rpc.data.error.data?.reason } : {};
}
