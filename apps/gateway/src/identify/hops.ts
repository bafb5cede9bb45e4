import { type Socket } from 'node:net';
import { AppError } from '@mcp-runtime/api';
import { addressRanges } from '../address-ranges.ts';
import { type Peer, type Peers } from '../tls/peer.ts';

/** What a connection is worth: whom it proved to be, and whether it may speak for others. */
export interface Hops {
  /** SPIFFE id of the proxy that may speak for others; undefined when none is declared. */
  readonly proxy: string | undefined;
  /** What the client certificate says, where one was shown that counts. */
  peer(socket: Socket, now: number): Peer | undefined;
  /** Whether identity headers that come this way are believed. */
  mayVouch(socket: Socket, now: number): boolean;
}

interface HopOptions {
  /** Source ranges that may speak for others. @throws AppError `invalid_config` naming one that is none. */
  readonly ranges: readonly string[];
  readonly proxy: string | undefined;
  readonly peers: Peers;
}

/** @throws AppError `invalid_config` for a proxy that is no SPIFFE id. */
export function createHops({ ranges, proxy, peers }: HopOptions): Hops {
  if (proxy !== undefined && !/^spiffe:\/\/[a-z0-9._-]+(\/[A-Za-z0-9._-]+)+$/.test(proxy)) {
    throw new AppError(
      'invalid_config',
      `\`${proxy}\` is not a SPIFFE id such as \`spiffe://example.org/ns/edge/sa/proxy\``,
    );
  }
  const isInRange = addressRanges(ranges, '--trust-headers-from');
  return {
    proxy,
    peer: (socket, now) => peers.of(socket, now),
    mayVouch: (socket, now) =>
      isInRange(socket.remoteAddress) || (proxy !== undefined && isOnly(peers.of(socket, now)?.uris, proxy)),
  };
}

/** Whether a certificate is made out to one name, and this is it. */
export function isOnly(uris: readonly string[] | undefined, name: string): boolean {
  return uris?.length === 1 && uris[0] === name;
}
