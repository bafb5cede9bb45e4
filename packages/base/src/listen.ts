import { once } from 'node:events';
import { type Server } from 'node:net';

export interface ListenAddress {
  readonly host: string;
  /** 0 is any free one. */
  readonly port: number;
}

/** Listens there, at a free port of this machine unless given, and says at which port. Rejects as Node does (`EADDRINUSE`, …). */
export async function listenOn(
  server: Server,
  { host, port }: ListenAddress = { host: '127.0.0.1', port: 0 },
): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
