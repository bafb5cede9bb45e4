/** Time and flow: who is slow waits for nobody but itself, and what is quiet stays open. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { listenOn } from '@mcp-runtime/base';
import { DEFAULT_LIMITS, type GatewayLimits } from './options.ts';
import { type Bench, OK_RESULT, answersOk, callOf, startBench, testDocument } from './testing/bench.ts';
import { readEvents } from './testing/stream.ts';
import { type Answer, sendJson } from './testing/upstream.ts';

const ALICE = { 'x-mcp-human-id': 'alice', 'x-mcp-agent-id': 'agent' };
const document = testDocument({ auth: { mode: 'header' }, session: { required: false } });
const MIB = 1024 * 1024;

function options(limits: Partial<GatewayLimits> = {}): { trustHeadersFrom: string[]; limits: GatewayLimits } {
  return { trustHeadersFrom: ['127.0.0.0/8'], limits: { ...DEFAULT_LIMITS, ...limits } };
}

const EVENT = Buffer.from(`data: {"jsonrpc":"2.0","method":"x","params":"${'a'.repeat(8000)}"}\n\n`);
const SLOW_READERS: readonly (readonly [title: string, type: string, part: Buffer, asked: object])[] = [
  ['an event stream', 'text/event-stream', EVENT, callOf('read')],
  ['an event stream to a batch', 'text/event-stream', EVENT, [callOf('read')]],
  ['a JSON answer', 'application/json', Buffer.alloc(8000, ' '), callOf('read')],
];

for (const [title, type, part, asked] of SLOW_READERS) {
  test(`a caller that does not read ${title} stops its server`, async () => {
    let sent = 0;
    const stalled = Promise.withResolvers<void>();
    const answer: Answer = (_, response) => {
      response.writeHead(200, { 'content-type': type });
      const more = (): void => {
        while (sent < 512 * MIB && response.write(part)) sent += part.length;
      };
      response.on('drain', more);
      more();
      // Nothing drained for so long that nobody reads any more.
      let before = -1;
      const watch = setInterval(() => {
        if (before === sent) stalled.resolve(clearInterval(watch));
        before = sent;
      }, 300);
    };
    await using bench = await startBench({ answer, document, options: options() });
    const socket = await callWithoutReading(bench, asked);
    await stalled.promise;
    // What the kernel keeps of both connections, and the gateway for one answer.
    assert.ok(sent < 16 * MIB, `${sent} bytes went into the gateway`);
    socket.destroy();
  });
}

test('a server that goes on after its answer has failed is not listened to', async () => {
  const left = Promise.withResolvers<void>();
  const answer: Answer = (_, response) => {
    response.on('close', left.resolve).writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(Buffer.alloc(17 * MIB, 'a'));
  };
  await using bench = await startBench({ answer, document, options: options() });
  assert.match(await (await bench.post(callOf('read'), ALICE)).text(), /an event that is too long/);
  await left.promise;
});

test('the answers to a batch are held within bounds', async () => {
  const left = Promise.withResolvers<void>();
  let sent = 0;
  const answer: Answer = ({ body }, response) => {
    if (body.includes('short')) return sendJson(response, OK_RESULT);
    const more = (): void => {
      while (response.writable && response.write(Buffer.alloc(MIB, ' '))) sent += MIB;
    };
    response.on('close', left.resolve).on('drain', more).writeHead(200, { 'content-type': 'application/json' });
    more();
  };
  await using bench = await startBench({ answer, document, options: options() });
  const whole = await bench.post([callOf('read', 'long'), callOf('read', 'short')], ALICE);
  await left.promise;
  assert.ok(sent < 40 * MIB, `${sent} bytes went into the gateway`);
  const text = await whole.text();
  assert.match(text, /"id":"long","error":.*too long for a batch/);
  assert.ok(text.includes(JSON.stringify(OK_RESULT)));
});

test('a long answer keeps the length that its server told, and breaks off where its server does', async () => {
  const text = JSON.stringify({ ...OK_RESULT, more: 'a'.repeat(MIB) });
  let sends = text.length;
  const answer: Answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
    if (sends === text.length) response.end(text);
    else response.write(text.slice(0, sends), () => response.destroy());
  };
  await using bench = await startBench({ answer, document, options: options() });
  const whole = await bench.post(callOf('read'), ALICE);
  assert.deepEqual([whole.headers.get('content-length'), await whole.text()], [String(text.length), text]);
  sends -= 1;
  const broken = await bench.post(callOf('read'), ALICE);
  await assert.rejects(broken.text());
});

test('a server that does not read holds one body, and other calls go on', async () => {
  await using server = await startDeafServer();
  await using bench = await startBench({ answer: answersOk, document, options: options() });
  await using other = await startBench({ answer: answersOk, document, options: options() });
  const [route] = bench.gateway.routes.all();
  assert.ok(route);
  bench.gateway.routes.set({ ...route, upstream: server.url });
  const before = heldBytes();
  const gone = new AbortController();
  const body = JSON.stringify({ ...callOf('read'), params: { name: 'read', arguments: { x: 'a'.repeat(3 * MIB) } } });
  const headers = { 'content-type': 'application/json', ...ALICE };
  const calls = Array.from({ length: 8 }, () =>
    fetch(bench.url, { method: 'POST', headers, body, signal: gone.signal }).catch(() => undefined),
  );
  await server.until(8);
  assert.ok(heldBytes() - before < 8 * 3 * MIB * 2.5, 'more than the bodies, here and at their callers');
  assert.equal((await other.post(callOf('read'), ALICE)).status, 200);
  gone.abort();
  await Promise.all(calls);
});

/** Of buffers that somebody still needs: what only waits to be collected says nothing. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().arrayBuffers;
}

test('a quiet stream gets comments, and lives on without a limit', async () => {
  const answer: Answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
  };
  const limits = { keepAliveMs: 20, answerTimeoutMs: 50 };
  await using bench = await startBench({ answer, document, options: options(limits) });
  for (const response of [await fetch(bench.url, { headers: ALICE }), await bench.post(callOf('read'), ALICE)]) {
    const reader = response.body?.getReader();
    let text = '';
    // More comments than would fit into the time that an answer may be silent.
    while (text.length < ': \n\n'.length * 20) text += Buffer.from((await reader?.read())?.value ?? []).toString();
    assert.match(text, /^(: \n\n)+$/);
    await reader?.cancel();
  }
});

test('a limit on the silence of streams ends them, and says so to who called', async () => {
  const answer: Answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
  };
  await using bench = await startBench({ answer, document, options: options({ streamTimeoutMs: 50 }) });
  const call = readEvents(await bench.post(callOf('read', 9), ALICE));
  assert.match((await call.next()) ?? '', /"id":9,"error":.*"reason":"upstream_timeout"/);
  const stream = readEvents(await fetch(bench.url, { headers: ALICE }));
  assert.equal(await stream.next(), undefined);
});

test('a legacy call goes on without its caller for a bounded time', async () => {
  const asked = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const answer: Answer = (_, response) => {
    response.once('close', ended.resolve);
    asked.resolve();
  };
  await using bench = await startBench({ answer, document, options: options({ abandonedTimeoutMs: 50 }) });
  const gone = new AbortController();
  const headers = { 'content-type': 'application/json', ...ALICE };
  const body = JSON.stringify(callOf('read'));
  const call = fetch(bench.url, { method: 'POST', headers, body, signal: gone.signal });
  await asked.promise;
  gone.abort();
  await assert.rejects(call);
  await ended.promise;
  assert.equal(bench.events.at(-1)?.payload.outcome, 'canceled');
});

test('streams do not take the place of calls, nor calls that of streams', async () => {
  const answer: Answer = ({ method }, response) => {
    if (method === 'POST') return sendJson(response, OK_RESULT);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
  };
  await using bench = await startBench({ answer, document, options: options({ maxInFlight: 1, maxStreams: 2 }) });
  const streams = await Promise.all([0, 1].map(() => fetch(bench.url, { headers: ALICE })));
  assert.deepEqual(
    streams.map(({ status }) => status),
    [200, 200],
  );
  assert.equal((await bench.post(callOf('read'), ALICE)).status, 200);
  assert.equal((await fetch(bench.url, { headers: ALICE })).status, 503);
  for (const stream of streams) await stream.body?.cancel();
});

async function callWithoutReading({ url }: Bench, asked: object): Promise<Socket> {
  const { port, pathname } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  const body = JSON.stringify(asked);
  const identity = Object.entries(ALICE).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `POST ${pathname} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${identity.join('')}`;
  socket.write(`${head}content-length: ${body.length}\r\n\r\n${body}`);
  await once(socket, 'connect');
  socket.pause();
  return socket;
}

/** Takes connections and reads nothing. */
async function startDeafServer(): Promise<
  AsyncDisposable & { readonly url: URL; until(count: number): Promise<void> }
> {
  const sockets: Socket[] = [];
  const server: Server = createServer({ pauseOnConnect: true }, (socket) => void sockets.push(socket));
  const port = await listenOn(server);
  return {
    url: new URL(`http://127.0.0.1:${port}/mcp`),
    until: async (count) => {
      while (sockets.length < count) await turn();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
