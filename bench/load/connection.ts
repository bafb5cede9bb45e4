import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { type Answer, AnswerCollector } from './answer.ts';

/** One kept-alive connection, one question at a time. Costs as little as a client can, to leave the machine to the rest. */
export interface Connection {
  /** Rejects when the answer is not a whole HTTP 2xx. */
  ask(request: string): Promise<Answer>;
  close(): void;
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export async function connectTo(host: string, port: number): Promise<Connection> {
  const socket = connect({ host, port, noDelay: true });
  await once(socket, 'connect');
  return overSocket(socket);
}

function overSocket(socket: Socket): Connection {
  const answers = new AnswerCollector();
  let waiting: Waiting | undefined;
  const fail = (reason: string): void => {
    waiting?.reject(new Error(reason));
    socket.destroy();
  };
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => fail('the connection was closed'));
  socket.on('data', (part: Buffer) => {
    const answer = answers.push(part);
    if (answer === undefined) return;
    if (answer.status.startsWith('2')) waiting?.resolve(answer);
    else fail(`HTTP ${answer.status}: ${answer.body.toString('latin1', 0, 500)}`);
  });
  return {
    ask: (request) => {
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
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
