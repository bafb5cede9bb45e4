import { once } from 'node:events';
import { type IncomingMessage } from 'node:http';
import { request } from 'node:https';

type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** Answers of these have no body, and `Response` takes none for them. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** `fetch` that only a server with a certificate of these authorities (PEM) can answer. Follows no redirects. */
export function fetchTrusting(authorities: string): Fetch {
  return async (url, init) => {
    const sent = new Request(url, init);
    const content = sent.body === null ? undefined : await sent.text();
    const asking = request(url, {
      method: sent.method,
      headers: Object.fromEntries(sent.headers),
      ca: authorities,
      agent: false,
      signal: sent.signal,
    });
    asking.end(content);
    const [answer]: IncomingMessage[] = await once(asking, 'response');
    if (answer === undefined) throw new TypeError('there is no answer');
    // Whoever stops reading ends the connection, which is no error of anybody's.
    asking.on('error', () => {});
    return responseOf(answer);
  };
}

function responseOf(answer: IncomingMessage): Response {
  const { statusCode: status = 502, statusMessage: statusText = '' } = answer;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(answer.headersDistinct))
    for (const value of values) headers.append(name, value);
  return new Response(BODILESS.has(status) ? null : chunksOf(answer), { status, statusText, headers });
}

function chunksOf(answer: IncomingMessage): ReadableStream<Uint8Array> {
  return ReadableStream.from<Uint8Array>(answer);
}
