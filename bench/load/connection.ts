import { once } from 'node:events';
import { type Socket, connect } from 'node:net';

/** One kept-alive connection, one question at a time. Costs as little as a client can, to leave the machine to the rest. */
export interface Connection {
  /** Resolves with the body of the answer. Rejects when it is not a whole HTTP 200. */
  ask(request: string): Promise<string>;
  close(): void;
}

interface Waiting {
  readonly resolve: (body: string) => void;
  readonly reject: (error: Error) => void;
}

export async function connectTo(host: string, port: number): Promise<Connection> {
  const socket = connect({ host, port, noDelay: true });
  await once(socket, 'connect');
  socket.setEncoding('latin1');
  return overSocket(socket);
}

function overSocket(socket: Socket): Connection {
  let received = '';
  let waiting: Waiting | undefined;
  const fail = (reason: string): void => {
    waiting?.reject(new Error(reason));
    socket.destroy();
  };
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => fail('the connection was closed'));
  socket.on('data', (part: string) => {
    received += part;
    const answer = wholeAnswer(received);
    if (answer === undefined) return;
    received = '';
    if (answer.status === '200') waiting?.resolve(answer.body);
    else fail(`HTTP ${answer.status}`);
  });
  return {
    ask: (request) => {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      waiting = { resolve, reject };
      socket.write(request, 'latin1');
      return promise;
    },
    close: () => {
      waiting = undefined;
      socket.destroy();
    },
  };
}

/** Undefined until all of it is there. */
function wholeAnswer(text: string): { readonly status: string; readonly body: string } | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const head = text.slice(0, headEnd);
  const rest = text.slice(headEnd + 4);
  const declared = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  const body = declared === undefined ? joinedChunks(rest) : withLength(rest, Number(declared));
  return body === undefined ? undefined : { status: head.slice(9, 12), body };
}

function withLength(text: string, length: number): string | undefined {
  return text.length < length ? undefined : text.slice(0, length);
}

/** RFC 9112 §7.1, without extensions and trailers. */
function joinedChunks(text: string): string | undefined {
  let body = '';
  for (let at = 0; ;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (text.length < end) return undefined;
    if (size === 0) return body;
    body += text.slice(lineEnd + 2, end - 2);
    at = end;
  }
}
