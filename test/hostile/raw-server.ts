import { once } from 'node:events';
import { type Socket, createServer } from 'node:net';
import { listenOn } from '../../packages/base/src/index.ts';

export interface RawServer extends AsyncDisposable {
  readonly url: URL;
  /** What the next request gets; everybody else gets a good answer. */
  answerNext(answer: RawServerAnswer): void;
}

export interface RawServerAnswer {
  readonly bytes: Buffer;
  /** How the bytes are written. */
  readonly in: 'one piece' | 'single bytes';
  readonly keepsOpen: 'yes' | 'no';
}

const RESULT = '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}';
const GOOD: RawServerAnswer = {
  bytes: Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${RESULT.length}\r\n\r\n${RESULT}`,
  ),
  in: 'one piece',
  keepsOpen: 'yes',
};

/** A server that answers with bytes, whatever they are. */
export async function startRawServer(): Promise<RawServer> {
  let next: RawServerAnswer = GOOD;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    let asked: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      asked = Buffer.concat([asked, chunk]);
      if (!isWhole(asked.toString('latin1'))) return;
      asked = Buffer.alloc(0);
      write(socket, next);
      next = GOOD;
    });
  });
  const port = await listenOn(server);
  return {
    url: new URL(`http://127.0.0.1:${port}/mcp`),
    answerNext: (answer) => {
      next = answer;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function write(socket: Socket, { bytes, in: manner, keepsOpen }: RawServerAnswer): void {
  if (manner === 'one piece') socket.write(bytes);
  else for (const byte of bytes) socket.write(Uint8Array.of(byte));
  if (keepsOpen === 'no') socket.end();
}

/** The gateway says how long each of its requests is. */
function isWhole(text: string): boolean {
  const headEnd = text.indexOf('\r\n\r\n');
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1] ?? '0';
  return headEnd !== -1 && text.length >= headEnd + 4 + Number(length);
}
