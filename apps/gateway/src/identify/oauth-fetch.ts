import { type LookupAddress, lookup } from 'node:dns';
import { once } from 'node:events';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { type LookupFunction, isIP } from 'node:net';
import { signalAfter } from '@mcp-runtime/base';
import { trustedRanges } from './trusted-ranges.ts';

interface FetchRules {
  /** Which addresses the host may have: `public` keeps a document from pointing the gateway into its own network. */
  readonly addresses: 'any' | 'public';
  readonly signal: AbortSignal;
}

const MAX_BYTES = 1024 * 1024;
const MAX_MS = 3000;

/** The host answered, but not with the document: it may be somewhere else. */
export class NoSuchDocument extends Error {}

/**
 * Gets a JSON document, bounded in size (1 MiB) and time (3 s), following no redirect.
 * Rejects with `NoSuchDocument`, or with what kept the host from answering.
 */
export async function fetchJson(url: URL, { addresses, signal }: FetchRules): Promise<unknown> {
  const deadline = signalAfter(MAX_MS, signal);
  const host = url.hostname.replaceAll(/[[\]]/g, '');
  if (addresses === 'public' && isIP(host) !== 0 && isPrivate(host)) throw new Error(notPublic(host));
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  const request = send(url, {
    agent: false,
    signal: deadline,
    headers: { accept: 'application/json', 'accept-encoding': 'identity' },
    ...(addresses === 'public' ? { lookup: lookupPublic } : {}),
  });
  request.end();
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

/** What is not on the internet, or stands for an IPv4 address that may not be (RFC 6890). */
const isPrivate = trustedRanges([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/3',
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2001::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
]);

/** Looks the addresses up for the connection itself, so that what was checked is what is connected to. */
const lookupPublic: LookupFunction = (host, options, callback) => {
  lookup(host, { ...options, all: true }, (error, found: LookupAddress[]) => {
    const [first] = found ?? [];
    const bad = found?.find(({ address }) => isPrivate(address));
    if (error !== null) callback(error, '');
    else if (first === undefined || bad !== undefined) callback(new Error(notPublic(host)), '');
    else if (options.all === true) callback(null, found);
    else callback(null, first.address, first.family);
  });
};

function notPublic(host: string): string {
  return `\`${host}\` is not the issuer's host and not a public address`;
}
