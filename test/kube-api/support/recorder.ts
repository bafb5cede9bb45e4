import { createServer } from 'node:http';
import { listenOn } from '../../../packages/base/src/index.ts';
import { type ClusterAccess } from '../../../packages/kube/src/kubernetes/index.ts';
import { createTransport } from '../../../packages/kube/src/kubernetes/transport.ts';

export interface Recorder extends AsyncDisposable {
  /** Through which the API server is asked. */
  readonly access: ClusterAccess;
  /** Path and query of what was asked, in order. */
  readonly targets: readonly URL[];
}

/** The real API server, with a note of what it was asked. Only for requests without a body. */
export async function recorder(access: ClusterAccess): Promise<Recorder> {
  const targets: URL[] = [];
  const transport = createTransport(access);
  const server = createServer((request, response) => {
    const target = request.url ?? '/';
    targets.push(new URL(target, access.server));
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    transport
      .send({ method: 'GET', target, headers: { accept: 'application/json' }, signal: gone.signal })
      .then((answer) => {
        response.writeHead(answer.statusCode ?? 502, { 'content-type': 'application/json' });
        response.flushHeaders();
        answer.on('error', () => response.destroy());
        answer.pipe(response);
      })
      .catch(() => response.destroy());
  });
  const port = await listenOn(server);
  return {
    access: {
      server: new URL(`http://127.0.0.1:${port}`),
      namespace: access.namespace,
      trust: async () => ({}),
      credential: async () => ({ headers: {} }),
      renew: () => {},
    },
    targets,
    [Symbol.asyncDispose]: async () => {
      transport.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
