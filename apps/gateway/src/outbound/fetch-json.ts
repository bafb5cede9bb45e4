import { once } from 'node:events';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { signalAfter } from '@mcp-runtime/base';
import { type Reach, type ResolveAll, literalRefusal, lookupWithin } from './reach.ts';

interface FetchRules {
  readonly reach: Reach;
  readonly signal: AbortSignal;
  /** Sent by POST; without one the document is asked for by GET. */
  readonly form?: URLSearchParams;
  readonly headers?: Readonly<Record<string, string>>;
  readonly resolve?: ResolveAll;
}

const MAX_BYTES = 1024 * 1024;
const MAX_MS = 3000;

/** The host answered, but not with the document: it may be somewhere else. */
export class NoSuchDocument extends Error {}

/**
 * Gets a JSON document, bounded in size (1 MiB) and time (3 s), following no redirect.
 * Rejects with `NoSuchDocument`, or with what kept the host from answering.
 */
export async function fetchJson(url: URL, rules: FetchRules): Promise<unknown> {
  const { reach, signal, form, headers } = rules;
  const deadline = signalAfter(MAX_MS, signal);
  const refused = literalRefusal(url, reach);
  if (refused !== undefined) throw refused;
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  const request = send(url, {
    method: form === undefined ? 'GET' : 'POST',
    agent: false,
    signal: deadline,
    headers: {
      ...headers,
      accept: 'application/json',
      'accept-encoding': 'identity',
      ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    },
    lookup: lookupWithin(reach, rules.resolve),
  });
  request.end(form?.toString());
  const [response]: IncomingMessage[] = await once(request, 'response', { signal: deadline });
  if (response === undefined) throw new Error('there is no answer');
  try {
    return parse(url, response.statusCode ?? 0, await readBounded(response));
  } finally {
    response.destroy();
  }
}

async function readBounded(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    length += chunk.length;
    if (length > MAX_BYTES) throw new NoSuchDocument(`the answer has more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(url: URL, status: number, body: string): unknown {
  if (status < 200 || status > 299) throw new NoSuchDocument(`\`${url.href}\` answers with status ${status}`);
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new NoSuchDocument(`\`${url.href}\` is not JSON`, { cause });
  }
}
