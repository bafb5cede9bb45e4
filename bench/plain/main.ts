// The measure of everything else: node:http in, undici out, bodies as streams, nothing read.
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { Pool } from 'undici';
import { z } from 'zod';
import { answerQuestions, givenArgument, watchUsage } from '../lab/answering.ts';
import { listen } from '../lab/listen.ts';

const { upstream } = z.object({ upstream: z.string() }).parse(givenArgument());
const pool = new Pool(upstream, { connections: 256, pipelining: 1 });
const { url } = await listen((request, response) => void pass(request, response));
answerQuestions(url, { usage: watchUsage() });

/** These are for one hop only (RFC 9110 §7.6.1); the host is that of the next one. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'host']);

async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { statusCode, headers, body } = await pool.request({
    path: '/mcp',
    method: 'POST',
    headers: passing(request.headers),
    body: request,
  });
  response.writeHead(statusCode, passing(headers));
  pipeline(body, response, () => {});
}

function passing(headers: IncomingMessage['headers']): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !HOP_BY_HOP.has(name)) kept[name] = value;
  }
  return kept;
}
