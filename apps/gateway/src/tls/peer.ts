import { type Socket } from 'node:net';
import { type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { type TlsFiles } from './tls-files.ts';

/** A client certificate that an authority of this listener vouches for, at this moment. */
export interface Peer {
  /** Its URI names (RFC 5280 §4.2.1.6); undefined when they cannot be told apart from other text. */
  readonly uris: readonly string[] | undefined;
}

export interface Peers {
  /** To be called once the handshake is done. */
  remember(socket: TLSSocket): void;
  /** Undefined where no certificate was shown, or the one shown does not count, or does not any more. */
  of(socket: Socket, now: number): Peer | undefined;
}

/** For a listener that asks for no certificate. */
export const NO_PEERS: Peers = { remember: () => {}, of: () => undefined };

interface Known {
  readonly peer: Peer;
  readonly notAfter: number;
  readonly chain: readonly string[];
}

/**
 * Who is at the other end of a connection. Connections outlive reloads, so a certificate is asked for its authority and its
 * end at every request: one whose authority was withdrawn counts no longer.
 */
export function createPeers(files: Pick<TlsFiles, 'current'>): Peers {
  const known = new WeakMap<Socket, Known>();
  return {
    remember: (socket) => {
      const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
      if (certificate === undefined) return;
      known.set(socket, {
        peer: { uris: urisOf(certificate.subjectAltName ?? '') },
        notAfter: certificate.validToDate.getTime(),
        chain: fingerprintsOf(socket.getPeerCertificate(true)),
      });
    },
    of: (socket, now) => {
      const found = known.get(socket);
      if (found === undefined || now > found.notAfter) return undefined;
      const { clientAuthorities } = files.current();
      return found.chain.some((fingerprint) => clientAuthorities.has(fingerprint)) ? found.peer : undefined;
    },
  };
}

const MAX_CHAIN = 16;

/** The certificate, what was sent with it, and the authority; only this older form of Node's interface tells the last one. */
function fingerprintsOf(leaf: DetailedPeerCertificate): readonly string[] {
  const found: string[] = [];
  let next: DetailedPeerCertificate | undefined = leaf;
  while (next !== undefined && found.length < MAX_CHAIN && !found.includes(next.fingerprint256)) {
    found.push(next.fingerprint256);
    next = next.issuerCertificate;
  }
  return found;
}

/** Node writes names as `DNS:a, URI:b` and quotes those that could be mistaken for several: such a name is no SPIFFE id. */
function urisOf(subjectAltName: string): readonly string[] | undefined {
  if (subjectAltName.includes('"')) return undefined;
  const names = subjectAltName.split(', ');
  return names.filter((name) => name.startsWith('URI:')).map((name) => name.slice('URI:'.length));
}
