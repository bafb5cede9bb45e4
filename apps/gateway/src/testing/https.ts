import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { type Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { type TestCertificate } from './certificates.ts';

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpsAsk {
  /** PEM of the authority that the server's certificate must come from. */
  readonly ca: string;
  /** What the client shows. */
  readonly as?: TestCertificate;
  readonly agent?: Agent;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Posted as JSON; asked for by GET without one. */
  readonly body?: unknown;
}

/** One request over TLS. Rejects when the handshake does not succeed. */
export async function askOverTls(url: string | URL, { ca, as, agent, headers, body }: HttpsAsk): Promise<HttpsAnswer> {
  const accept = 'application/json, text/event-stream';
  const asked = request(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { accept, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ca,
    ...as,
    ...(agent === undefined ? { agent: false } : { agent }),
  });
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  const [response]: IncomingMessage[] = await once(asked, 'response');
  if (response === undefined) throw new Error('there is no answer');
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}
