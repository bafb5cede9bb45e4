import { hash } from 'node:crypto';
import { type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

const known = new WeakMap<Socket, string>();

/** SHA-256 of the client certificate of a connection in base64url (RFC 8705 §3.1); undefined when it has none. */
export function peerThumbprint(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const remembered = known.get(socket);
  if (remembered !== undefined) return remembered;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const thumbprint = hash('sha256', certificate.raw, 'base64url');
  known.set(socket, thumbprint);
  return thumbprint;
}
