import { type IncomingMessage } from 'node:http';

/** A token, and by which scheme it was presented. */
export interface Credential {
  readonly scheme: 'bearer' | 'dpop';
  readonly token: string;
}

const CREDENTIAL = /^(bearer|dpop) +(\S+)$/i;

/**
 * Of `Authorization` only the schemes Bearer and DPoP count (RFC 6750 §2.1, RFC 9449 §7.1); of another header the whole value
 * may be the token.
 */
export function credentialOf(request: IncomingMessage, header: string): Credential | undefined {
  const value = headerText(request, header);
  const [, scheme = '', token = ''] = CREDENTIAL.exec(value) ?? [];
  if (token !== '') return { scheme: scheme.toLowerCase() === 'dpop' ? 'dpop' : 'bearer', token };
  return header.toLowerCase() === 'authorization' || value === '' ? undefined : { scheme: 'bearer', token: value };
}

export function headerText(request: IncomingMessage, name: string): string {
  const value = request.headers[name.toLowerCase()];
  return (Array.isArray(value) ? value.join(', ') : (value ?? '')).trim();
}
