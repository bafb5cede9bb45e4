import { type ServerResponse, createServer } from 'node:http';
import { AppError } from '@mcp-runtime/api';
import { type ListenAddress, type Running, closeOnce, errnoOf, listenOn } from '@mcp-runtime/base';
import { type Metrics } from '@mcp-runtime/base/metrics';

interface AdminOptions extends ListenAddress {
  readonly metrics: Pick<Metrics, 'text'>;
  /** Why it is not ready; empty when it is. */
  readonly notReady: () => readonly string[];
}

/** Serves `/health`, `/ready` and `/metrics`. Rejects with `port_in_use` or `invalid_config`. */
export async function startAdmin(options: AdminOptions): Promise<Running & { readonly url: string }> {
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    answer(request.url, options, response).catch(() => send(response, 500, 'text/plain', 'internal error'));
  });
  const port = await listenOn(server, options).catch((cause: unknown) => {
    const place = `${options.host}:${options.port}`;
    if (errnoOf(cause) === 'EADDRINUSE') throw new AppError('port_in_use', `\`${place}\` is in use`, { cause });
    throw new AppError('invalid_config', `\`${place}\` cannot be listened on`, { cause });
  });
  return {
    url: `http://${options.host}:${port}`,
    ...closeOnce(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }),
  };
}

async function answer(
  url: string | undefined,
  { metrics, notReady }: AdminOptions,
  response: ServerResponse,
): Promise<void> {
  switch (url) {
    case '/health':
      return send(response, 200, 'text/plain', 'ok');
    case '/ready': {
      const reasons = notReady();
      if (reasons.length === 0) return send(response, 200, 'text/plain', 'ready');
      return send(response, 503, 'application/json', JSON.stringify({ status: 'not_ready', reasons }));
    }
    case '/metrics': {
      const { contentType, body } = await metrics.text();
      return send(response, 200, contentType, body);
    }
    default:
      return send(response, 404, 'text/plain', 'there are `/health`, `/ready` and `/metrics`');
  }
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
