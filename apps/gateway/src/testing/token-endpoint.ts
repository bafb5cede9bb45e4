import { type IncomingHttpHeaders } from 'node:http';
import { sendJson, startTestUpstream } from './upstream.ts';

/** A token endpoint (RFC 8693): a new token at every request, unless it is told otherwise. */
export interface TestTokenEndpoint extends AsyncDisposable {
  readonly url: string;
  readonly asked: readonly { readonly form: URLSearchParams; readonly headers: IncomingHttpHeaders }[];
  /** What is answered beside the token; `refuse` answers 400. */
  answer: 'refuse' | Readonly<Record<string, unknown>>;
}

export async function startTestTokenEndpoint(): Promise<TestTokenEndpoint> {
  const asked: { readonly form: URLSearchParams; readonly headers: IncomingHttpHeaders }[] = [];
  const server = await startTestUpstream(({ body, headers }, response) => {
    asked.push({ form: new URLSearchParams(body), headers });
    if (endpoint.answer === 'refuse') response.writeHead(400).end('{"error":"invalid_grant"}');
    else sendJson(response, { access_token: `exchanged-${asked.length}`, token_type: 'Bearer', ...endpoint.answer });
  });
  const endpoint: TestTokenEndpoint = {
    url: server.url.href,
    asked,
    answer: { expires_in: 600 },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return endpoint;
}
