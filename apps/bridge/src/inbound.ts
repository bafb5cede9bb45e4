import { type IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { AppError, HEADERS, MCP_LEGACY_VERSIONS } from '@mcp-runtime/api';
import {
  type Era,
  type EraFault,
  FAULT_TEXT,
  eraOf as eraOfMessage,
  readMessage as readStrictly,
} from '@mcp-runtime/mcp';
import { type Message, type MessageFault, oneLine } from './message.ts';

/**
 * Refuses what a web page could send through a name that it controls (DNS rebinding): `Host` and `Origin` must name a
 * loopback address or the listener's own. A listener on all addresses takes any address, but no name.
 * @throws AppError `host_not_allowed`
 */
export function checkHost({ headers }: IncomingMessage, listenHost: string): void {
  const isAllowed = (url: string): boolean => {
    const name = URL.parse(url)?.hostname.replaceAll(/[[\]]/g, '');
    if (name === undefined || name === '') return false;
    if (name === 'localhost' || name === '::1' || name === listenHost.toLowerCase()) return true;
    if (isIP(name) === 0) return false;
    return name.startsWith('127.') || listenHost === '0.0.0.0' || listenHost === '::';
  };
  if (!isAllowed(`http://${headers.host ?? ''}`)) throw new AppError('host_not_allowed', 'the Host is not served here');
  if (headers.origin !== undefined && !isAllowed(headers.origin)) {
    throw new AppError('host_not_allowed', 'the Origin is not served here');
  }
}

/** @throws AppError `unsupported_media_type`, `request_too_large` */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const type = /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;
  if (!type.test(request.headers['content-type'] ?? '') || request.headers['content-encoding'] !== undefined) {
    throw new AppError('unsupported_media_type', 'the request body is not plain UTF-8 JSON');
  }
  const tooLarge = new AppError('request_too_large', `the request body is larger than ${maxBytes} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let size = 0;
  // The refusal still has to go out on the socket that a destroyed request would close.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!(chunk instanceof Uint8Array)) throw new AppError('internal', 'the request has an encoding set');
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function acceptsStream({ headers }: IncomingMessage): boolean {
  return /text\/event-stream|text\/\*|\*\/\*/i.test(headers.accept ?? '*/*');
}

export function headerOf({ headers }: IncomingMessage, name: keyof typeof HEADERS): string | undefined {
  return headerText({ headers }, HEADERS[name].toLowerCase());
}

function headerText({ headers }: Pick<IncomingMessage, 'headers'>, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/**
 * Reads what a client sent as the gateway reads it, so that neither takes it for another message.
 * Never throws.
 */
export function readClientMessage(bytes: Uint8Array): Message | MessageFault {
  const read = readStrictly(bytes);
  if (!read.ok) return { kind: 'fault', code: read.code, message: FAULT_TEXT[read.fault], id: read.id };
  const text = oneLine(Buffer.from(bytes).toString('utf8'));
  return read.message.kind === 'response' ? { ...read.message, errorCode: undefined, text } : { ...read.message, text };
}

/**
 * By which era's rules a message is served: the body says it, the headers must agree.
 * @throws AppError `invalid_request` for a version that nobody knows
 */
export function eraOf(request: IncomingMessage, message: Message): Era | EraFault {
  const era = eraOfMessage(message, (name) => headerText(request, name));
  const version = headerOf(request, 'mcpProtocolVersion');
  if (era.kind === 'legacy' && version !== undefined && !LEGACY.includes(version)) {
    throw new AppError('invalid_request', `protocol version \`${version}\` is not supported`);
  }
  return era;
}

const LEGACY: readonly string[] = MCP_LEGACY_VERSIONS;
