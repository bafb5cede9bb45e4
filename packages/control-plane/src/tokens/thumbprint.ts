import { X509Certificate, hash } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';

/** Thumbprint of a key in a JWK's text (RFC 7638), SHA-256 in base64url. Rejects for what is no key. */
export async function keyThumbprint(jwk: string): Promise<string> {
  return calculateJwkThumbprint(JSON.parse(jwk));
}

/** Thumbprint of a certificate in PEM (RFC 8705 §3.1), SHA-256 in base64url. @throws for what is none. */
export function certificateThumbprint(pem: string): string {
  return hash('sha256', new X509Certificate(pem).raw, 'base64url');
}
