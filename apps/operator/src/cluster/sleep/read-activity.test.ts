import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { type GatewayActivity } from '@mcp-runtime/api';
import { listenOn } from '@mcp-runtime/base';
import { readActivityAt } from './read-activity.ts';

const HERE = { pod: 'a', address: '127.0.0.1' };
const TOLD: GatewayActivity = {
  sequence: 3,
  servers: [{ server: 'team-a/files', idle_ms: 5, open: 1, wanted: true, knows: true }],
};

test('a gateway is asked at its admin port with what was seen, and whatever is no answer is refused', async () => {
  const asked: string[] = [];
  let answer = { status: 200, body: JSON.stringify(TOLD) };
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(answer.status).end(answer.body);
  });
  const port = await listenOn(server, { host: HERE.address, port: 0 });
  const read = readActivityAt(port);
  const { signal } = new AbortController();
  assert.deepEqual(await read(HERE, undefined, signal), TOLD);
  assert.deepEqual(await read(HERE, 3, signal), TOLD);
  assert.deepEqual(asked, ['/activity', '/activity?wait=5000&seen=3']);
  for (const bad of [
    { status: 404, body: '{}' },
    { status: 200, body: '{}' },
    { status: 200, body: 'not JSON' },
    { status: 200, body: JSON.stringify({ ...TOLD, servers: [{ server: 'x' }] }) },
  ]) {
    answer = bad;
    await assert.rejects(read(HERE, undefined, signal));
  }
  server.closeAllConnections();
  server.close();
});
