import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { listenOn } from '@mcp-runtime/base';
import { createProbe } from './probe.ts';

const KEY = { namespace: 'team-a', name: 'files' };

/** A gateway that refuses every request, with an id of its own for each. */
async function startRefusing(bodyOf: (requestId: string) => string) {
  const server = createServer((_, response) => {
    response.writeHead(502, { 'content-type': 'application/json' }).end(bodyOf(randomUUID()));
  });
  const port = await listenOn(server);
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const REFUSALS = [
  {
    what: 'the message of a JSON-RPC error is told, and nothing that is new each time',
    bodyOf: (requestId: string) =>
      JSON.stringify({
        jsonrpc: '2.0',
        id: 0,
        error: { code: 50200, message: 'the MCP server cannot be reached', data: { requestId } },
      }),
    told: 'the handshake failed: the MCP server cannot be reached',
  },
  {
    what: 'another body is told as it is',
    bodyOf: () => 'Bad gateway\n<html>',
    told: 'the handshake failed: Error POSTing to endpoint: Bad gateway',
  },
];

for (const { what, bodyOf, told } of REFUSALS) {
  test(`a handshake that is refused: ${what}`, async () => {
    await using gateway = await startRefusing(bodyOf);
    const probe = createProbe({ version: '1', token: async () => 'token' });
    await assert.rejects(probe(KEY, gateway.url, { signal: new AbortController().signal }), {
      code: 'upstream_unavailable',
      message: told,
    });
  });
}
