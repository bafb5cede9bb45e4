import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { API_BASE_PATH } from '@mcp-runtime/api';
import { listenOn } from '@mcp-runtime/base';

/** One request as it came in. */
export interface Asked {
  /** Such as `GET /runtime/servers?namespace=a`. */
  readonly line: string;
  readonly body: unknown;
  readonly authorization: string | undefined;
}

interface Answer {
  readonly status?: number;
  readonly body?: unknown;
  /** Sent as it is, in place of `body`. */
  readonly text?: string;
}

interface ScriptedApi extends AsyncDisposable {
  readonly asked: readonly Asked[];
  /** Environment that makes commands call it. */
  readonly env: Readonly<Record<string, string>>;
  readonly url: string;
}

/** A platform API that answers by a script: answers by method and path without query. What is not there is a 404. */
export async function startScriptedApi(
  script: Readonly<Record<string, (asked: Asked) => Answer>>,
): Promise<ScriptedApi> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const sent = await text(request);
      const path = (request.url ?? '').slice(API_BASE_PATH.length);
      const one = {
        line: `${request.method} ${path}`,
        body: sent === '' ? undefined : JSON.parse(sent),
        authorization: request.headers.authorization,
      };
      asked.push(one);
      const answer = script[`${request.method} ${path.split('?')[0]}`]?.(one) ?? NOT_THERE;
      response.statusCode = answer.status ?? 200;
      response.end(answer.text ?? JSON.stringify(answer.body));
    })();
  });
  const port = await listenOn(server);
  const url = `http://127.0.0.1:${port}`;
  return {
    asked,
    url,
    env: { MCP_PLATFORM_API_URL: url, MCP_PLATFORM_API_TOKEN: 'secret' },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

const NOT_THERE: Answer = { status: 404, body: { error: 'not_found', message: 'there is no such object' } };
