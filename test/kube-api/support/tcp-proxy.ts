import { type Socket, connect, createServer } from 'node:net';
import { listenOn } from '../../../packages/base/src/index.ts';

/** A proxy between a client and a server that can fail as networks do. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Cuts what is open, and refuses what comes, until `restore`. */
  cut(): void;
  /** Passes on nothing more over what is open now, and closes nothing: how a host that vanished looks. */
  silence(): void;
  restore(): void;
}

export async function tcpProxy(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  const open = new Set<Socket>();
  let isCut = false;
  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    const upstream = connect(target);
    const ends = [client, upstream] as const;
    client.pipe(upstream);
    upstream.pipe(client);
    for (const end of ends) {
      open.add(end);
      end.on('error', () => {});
      end.on('close', () => {
        open.delete(end);
        for (const other of ends) other.destroy();
      });
    }
  });
  const port = await listenOn(server);
  const end = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port,
    cut: () => {
      isCut = true;
      end();
    },
    silence: () => {
      for (const socket of open) socket.unpipe().pause();
    },
    restore: () => {
      isCut = false;
    },
    [Symbol.asyncDispose]: async () => {
      end();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
