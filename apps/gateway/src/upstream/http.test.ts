import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { type Server, type Socket, createServer } from 'node:net';
import { test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { listenOn } from '@mcp-runtime/base';
import { createHttpUpstream } from './http.ts';
import { type Flow, type Upstream } from './port.ts';

/** A server that says what the test says, connection by connection. */
interface RawServer extends AsyncDisposable {
  readonly target: URL;
  readonly connections: readonly Socket[];
}

async function rawServer(onData: (socket: Socket, nth: number) => void): Promise<RawServer> {
  const connections: Socket[] = [];
  const server: Server = createServer((socket) => {
    const nth = connections.push(socket);
    socket.on('data', () => onData(socket, nth));
    socket.on('error', () => socket.destroy());
  });
  const port = await listenOn(server);
  return {
    target: new URL(`http://127.0.0.1:${port}/mcp`),
    connections,
    [Symbol.asyncDispose]: async () => {
      for (const socket of connections) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

interface AskOptions {
  readonly idleTimeoutMs?: number;
  readonly onHead?: (flow: Flow) => void;
}

/** The body of the answer, or the code of its failure. */
function ask(upstream: Upstream, target: URL, { idleTimeoutMs = 0, onHead }: AskOptions = {}): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let body = '';
  upstream.send(
    target,
    { method: 'POST', headers: {}, body: Buffer.from('{}'), idleTimeoutMs },
    {
      onHead: (_status, _headers, flow) => onHead?.(flow),
      onChunk: (chunk) => (body += chunk.toString('utf8')),
      onEnd: () => resolve(body),
      onFailure: ({ code }) => resolve(code),
    },
  );
  return promise;
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

test('a connection is used again, and one that grew old is not', async () => {
  let now = 0;
  await using server = await rawServer((socket) => socket.write(OK));
  await using upstream = createHttpUpstream(() => now);
  for (let turn = 0; turn < 3; turn++) assert.equal(await ask(upstream, server.target), 'ok');
  assert.equal(server.connections.length, 1);
  now = 4000;
  assert.equal(await ask(upstream, server.target), 'ok');
  assert.equal(server.connections.length, 2);
});

test('exchanges at once have a connection each', async () => {
  await using server = await rawServer((socket) => socket.write(OK));
  await using upstream = createHttpUpstream(() => 0);
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask(upstream, server.target)));
  assert.deepEqual([answers, server.connections.length], [Array.from({ length: 5 }, () => 'ok'), 5]);
});

test('what a server says beyond its answer never becomes the next answer', async () => {
  await using server = await rawServer((socket, nth) => socket.write(nth === 1 ? OK + OK.replace('ok', 'no') : OK));
  await using upstream = createHttpUpstream(() => 0);
  assert.equal(await ask(upstream, server.target), 'ok');
  assert.equal(await ask(upstream, server.target), 'ok');
  assert.equal(server.connections.length, 2);
});

const FAILURES: readonly { readonly id: string; readonly says: string; readonly code: string }[] = [
  { id: 'closes without an answer', says: '', code: 'upstream_unavailable' },
  { id: 'closes in the middle', says: OK.slice(0, -1), code: 'upstream_unavailable' },
  { id: 'speaks no HTTP', says: 'hello\r\n\r\n', code: 'upstream_unavailable' },
];

for (const { id, says, code } of FAILURES) {
  test(`a server that ${id} is a failure`, async () => {
    await using server = await rawServer((socket) => socket.end(says));
    await using upstream = createHttpUpstream(() => 0);
    assert.equal(await ask(upstream, server.target), code);
  });
}

test('a server that is silent for too long, or not there, is a failure', async () => {
  await using server = await rawServer(() => {});
  await using upstream = createHttpUpstream(() => 0);
  assert.equal(await ask(upstream, server.target, { idleTimeoutMs: 20 }), 'upstream_timeout');
  await server[Symbol.asyncDispose]();
  assert.equal(await ask(upstream, server.target), 'upstream_unavailable');
});

test('an answer that was paused goes on, also when the server has closed meanwhile', async () => {
  await using server = await rawServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nok'));
  await using upstream = createHttpUpstream(() => 0);
  const onHead = (flow: Flow): void => {
    flow.pause();
    setImmediate(() => flow.resume());
  };
  assert.equal(await ask(upstream, server.target, { onHead }), 'ok');
});

test('an exchange that is given up closes its connection and tells nothing', async () => {
  const asked = Promise.withResolvers<Socket>();
  await using server = await rawServer((socket) => asked.resolve(socket));
  await using upstream = createHttpUpstream(() => 0);
  const told: string[] = [];
  const giveUp = upstream.send(
    server.target,
    { method: 'GET', headers: {}, body: null, idleTimeoutMs: 0 },
    {
      onHead: () => told.push('head'),
      onChunk: () => told.push('chunk'),
      onEnd: () => told.push('end'),
      onFailure: () => told.push('failure'),
    },
  );
  const socket = await asked.promise;
  const closed = once(socket, 'close');
  giveUp();
  await closed;
  assert.deepEqual(told, []);
});

/** Made for these tests, for `localhost` alone. */
const testFile = (name: string): string => readFileSync(new URL(`testdata/${name}`, import.meta.url), 'utf8');

test('a server over TLS is believed with a certificate that is trusted and for its name', async (context) => {
  const cert = testFile('localhost-cert.pem');
  const server = createTlsServer({ cert, key: testFile('localhost-key.pem') }, (_, response) => response.end('ok'));
  const port = await listenOn(server);
  const trusted = getCACertificates();
  context.after(() => {
    setDefaultCACertificates(trusted);
    server.closeAllConnections();
    server.close();
  });
  await using upstream = createHttpUpstream(() => 0);
  const askAs = (host: string): Promise<string> => ask(upstream, new URL(`https://${host}:${port}/mcp`));
  assert.equal(await askAs('localhost'), 'upstream_unavailable');
  setDefaultCACertificates([...trusted, cert]);
  assert.equal(await askAs('localhost'), 'ok');
  assert.equal(await askAs('127.0.0.1'), 'upstream_unavailable');
});
