import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { listenOn } from '@mcp-runtime/base';

export const LOOPBACK = '127.0.0.1';
const POLL_MS = 25;

/** Ports for servers that start at the same time: none is given to two of them. */
export interface Ports {
  take(): Promise<number>;
  giveBack(port: number): void;
}

export function openPorts(): Ports {
  const taken = new Set<number>();
  return {
    async take() {
      for (;;) {
        const port = await freePort();
        if (taken.has(port)) continue;
        taken.add(port);
        return port;
      }
    },
    giveBack: (port) => void taken.delete(port),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOn(server, { host: LOOPBACK, port: 0 });
  server.close();
  await once(server, 'close');
  return port;
}

/** Resolves when something accepts connections on the port; rejects when `signal` aborts. */
export async function untilAccepting(port: number, signal: AbortSignal): Promise<void> {
  while (!(await accepts(port))) await delay(POLL_MS, undefined, { signal });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, LOOPBACK);
    const answer = (accepted: boolean): void => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
