import { type AnswerHeaders } from './port.ts';

/** An answer that is not HTTP/1.1 to the letter. */
export class AnswerFault extends Error {}

/** How the end of a body is found (RFC 9112 §6.3). */
export type Framing =
  | { readonly by: 'length'; readonly bytes: number }
  | { readonly by: 'chunks' }
  | { readonly by: 'close' };

export interface AnswerHead {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly framing: Framing;
  /** For how long the connection may be kept once the answer has ended, milliseconds; 0 is not at all. */
  readonly keepMs: number;
}

/** What servers say nothing about: less than the five seconds after which most of them close. */
const DEFAULT_KEEP_MS = 4000;
const MAX_KEEP_MS = 30_000;
/** A server closes at its own deadline: ours is earlier, or a request could meet the closing. */
const KEEP_MARGIN_MS = 1000;

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [^\0\r\n]*)?$/;
const NAME = /^[!#$%&'*+\-.^`|~\w]+$/;
/** Without control characters (RFC 9110 §5.5): a value may have to be passed on. */
const VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;
/** Looks at a run of spaces once, wherever it is: from each of them anew, a long one inside the value would take for ever. */
const SPACE_AROUND = /^[ \t]+|(?<![ \t])[ \t]+$/g;

/**
 * Reads a head without its empty line. Two readers could see different answers in a folded line, two lengths, a length
 * beside chunks or another transfer coding: those are faults (RFC 9112 §5.2, §6.1, §6.3).
 */
export function readHead(text: string): AnswerHead {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const [, minor = '', code] = STATUS_LINE.exec(statusLine) ?? [];
  if (code === undefined) throw new AnswerFault('the status line is malformed');
  const headers: Record<string, string | string[]> = Object.create(null);
  for (const line of lines) addHeader(headers, line);
  const status = Number(code);
  const framing = framingOf(status, headers, minor);
  const mayBeKept = minor === '1' && framing.by !== 'close';
  return { status, headers, framing, keepMs: mayBeKept ? keepMsOf(headers) : 0 };
}

function addHeader(headers: Record<string, string | string[]>, line: string): void {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0));
  const value = line.slice(colon + 1);
  if (!NAME.test(name) || !VALUE.test(value)) throw new AnswerFault('a header line is malformed');
  const key = name.toLowerCase();
  const before = headers[key];
  const trimmed = value.replace(SPACE_AROUND, '');
  headers[key] = before === undefined ? trimmed : [before, trimmed].flat();
}

function framingOf(status: number, headers: AnswerHeaders, minor: string): Framing {
  const { 'transfer-encoding': coding, 'content-length': length } = headers;
  if (coding !== undefined) {
    const isChunked = typeof coding === 'string' && coding.toLowerCase() === 'chunked';
    if (!isChunked || length !== undefined || minor === '0') throw new AnswerFault('the transfer coding is ambiguous');
  }
  if (length !== undefined && (typeof length !== 'string' || !/^\d{1,15}$/.test(length))) {
    throw new AnswerFault('the content length is ambiguous');
  }
  if (status < 200 || status === 204 || status === 304) return { by: 'length', bytes: 0 };
  if (coding !== undefined) return { by: 'chunks' };
  return length === undefined ? { by: 'close' } : { by: 'length', bytes: Number(length) };
}

function keepMsOf({ connection, 'keep-alive': hint }: AnswerHeaders): number {
  if (connection !== undefined && /\bclose\b/i.test(String(connection))) return 0;
  const seconds = typeof hint === 'string' ? /(?:^|[,\s])timeout=(\d{1,6})/i.exec(hint)?.[1] : undefined;
  if (seconds === undefined) return DEFAULT_KEEP_MS;
  return Math.min(Math.max(Number(seconds) * 1000 - KEEP_MARGIN_MS, 0), MAX_KEEP_MS);
}
