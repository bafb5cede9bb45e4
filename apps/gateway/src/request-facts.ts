import { type IncomingMessage } from 'node:http';

/** Of a header that decides, a second one would be the first to another reader (RFC 9112 §3.2); Node keeps one silently. */
export function isRepeated({ rawHeaders }: IncomingMessage, name: 'host' | 'authorization'): boolean {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const given = rawHeaders[index];
    if (given?.length === name.length && given.toLowerCase() === name) count += 1;
  }
  return count > 1;
}

/** HTTP/1.1 asks for one (RFC 9112 §3.2). */
export function lacksHost({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.host === undefined && httpVersion === '1.1';
}

/** URLs end up in logs, so a token there is no secret any more (MCP 2025-11-25, "Access Token Usage"). */
export function hasTokenInQuery({ url = '' }: IncomingMessage): boolean {
  return url.includes('?') && /[?&]access_token=/.test(url);
}

/** The path without its query. It is compared as it is written: another spelling of a path is another path. */
export function pathOf({ url = '' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}
