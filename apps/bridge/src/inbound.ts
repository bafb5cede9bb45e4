import { type IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { AppError, HEADERS, MCP_LEGACY_VERSIONS, MCP_MODERN_VERSIONS } from '@mcp-runtime/api';
import { type Message, PROTOCOL_VERSION, metaOf } from './message.ts';

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
  const value = headers[HEADERS[name].toLowerCase()];
  return Array.isArray(value) ? value.join(',') : value;
}

/**
 * By which era's rules a message is served: the body says it, the headers must agree. A notification or response without
 * the envelope is legacy.
 * @throws AppError `header_mismatch`, `invalid_request`
 */
export function eraOf(request: IncomingMessage, message: Message): 'legacy' | 'modern' {
  const version = headerOf(request, 'mcpProtocolVersion');
  const claimed = message.kind === 'response' ? undefined : metaOf(message)[PROTOCOL_VERSION];
  if (message.kind === 'response' || claimed === undefined) {
    if (version === undefined || includes(MCP_LEGACY_VERSIONS, version)) return 'legacy';
    if (!includes(MCP_MODERN_VERSIONS, version)) {
      throw new AppError('invalid_request', `protocol version \`${version}\` is not supported`);
    }
    throw new AppError('header_mismatch', 'the headers name a protocol version that the message does not');
  }
  const method = headerOf(request, 'mcpMethod');
  if (version !== claimed || (message.kind === 'request' && method !== message.method)) {
    throw new AppError('header_mismatch', 'the headers do not name the protocol version and method of the message');
  }
  return 'modern';
}

function includes(versions: readonly string[], version: string): boolean {
  return versions.includes(version);
}
