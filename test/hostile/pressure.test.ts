/** Clients that are slow, that leave, and that are too many: others are served meanwhile, and nothing stays behind. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import { untilTrue } from '../support/until.ts';
import { DISCOVER, DISCOVER_HEADERS, GOOD_CALL, INITIALIZE } from './good-call.ts';
import { type Lab, startLab } from './lab.ts';
import { startRawServer } from './raw-server.ts';
import { type Respond } from './spy-server.ts';

/** Opens a connection that ends with the test, and puts text on it. */
async function opened(stack: DisposableStack, lab: Lab, head: string): Promise<Socket> {
  const { hostname, port } = new URL(lab.url);
  const socket = connect(Number(port), hostname);
  stack.defer(() => socket.destroy());
  await once(socket, 'connect');
  socket.write(head);
  return socket;
}

function headOf(lab: Lab, lines: readonly string[]): string {
  const { host } = new URL(lab.url);
  const usual = [`Host: ${host}`, 'Content-Type: application/json', `Authorization: Bearer ${lab.token('valid')}`];
  return ['POST /memory/mcp HTTP/1.1', ...usual, ...lines, '', ''].join('\r\n');
}

async function assertServes(lab: Lab): Promise<void> {
  assert.match(await (await lab.post(GOOD_CALL)).text(), /"result"/);
}

test('a client that does not send its head to the end is cut off', async () => {
  await using lab = await startLab({ limits: { requestTimeoutMs: 300 } });
  using stack = new DisposableStack();
  const slow = await Promise.all(
    Array.from({ length: 20 }, () => opened(stack, lab, 'POST /memory/mcp HTTP/1.1\r\nX: ')),
  );
  await assertServes(lab);
  for (const socket of slow) assert.match(await text(socket), /^HTTP\/1\.1 408 /);
  assert.equal(lab.server.seen.length, 1);
});

test('a client that does not send its body to the end is cut off and recorded', async () => {
  await using lab = await startLab({ limits: { requestTimeoutMs: 300 } });
  using stack = new DisposableStack();
  const half = headOf(lab, [`Content-Length: ${GOOD_CALL.length}`]) + GOOD_CALL.slice(0, 20);
  const slow = await Promise.all(Array.from({ length: 20 }, () => opened(stack, lab, half)));
  await assertServes(lab);
  for (const socket of slow) assert.match(await text(socket), /^HTTP\/1\.1 408 /);
  await untilTrue('all are recorded', () => lab.events.length === 21);
  assert.equal(lab.server.seen.length, 1);
});

test('clients that leave in the middle of their body harm nobody and are recorded', async () => {
  await using lab = await startLab();
  using stack = new DisposableStack();
  const head = headOf(lab, [`Content-Length: ${GOOD_CALL.length}`]);
  for (let sent = 0; sent < 50; sent++) {
    const socket = await opened(stack, lab, head + GOOD_CALL.slice(0, sent));
    socket.end();
  }
  await untilTrue('all are recorded', () => lab.events.length === 50);
  assert.deepEqual([...new Set(lab.events.map(({ payload }) => payload.reason))], ['canceled']);
  assert.deepEqual(lab.server.seen, []);
  await assertServes(lab);
});

test('a body in pieces of one byte is taken, and in pieces without end it is not', async () => {
  await using lab = await startLab();
  using stack = new DisposableStack();
  const head = headOf(lab, ['Transfer-Encoding: chunked', 'Connection: close']);
  const inPieces = (body: string): string => Array.from(body, (one) => `1\r\n${one}\r\n`).join('');
  const taken = await text(await opened(stack, lab, `${head}${inPieces(GOOD_CALL)}0\r\n\r\n`));
  assert.match(taken, /^HTTP\/1\.1 200 .*"result"/s);
  assert.equal(lab.server.seen[0]?.body.toString('utf8'), GOOD_CALL);
  const refused = await opened(stack, lab, `${head}${inPieces(' '.repeat(70_000))}0\r\n\r\n`);
  assert.match(await text(refused), /^HTTP\/1\.1 413 /);
});

test('large bodies together have a bound, small ones are taken beyond it, and room comes back', async () => {
  const maxBodyBytes = 128 * 1024;
  await using lab = await startLab({ limits: { maxBodyBytes } });
  using stack = new DisposableStack();
  const large = GOOD_CALL.replace('{}', `{"a":"${'a'.repeat(maxBodyBytes - 200)}"}`);
  const slow = headOf(lab, [`Content-Length: ${large.length}`]) + large.slice(0, -1);
  const inside = await Promise.all(Array.from({ length: 65 }, () => opened(stack, lab, slow)));
  await untilTrue('there is no room for another', async () => (await lab.post(large)).status === 503);
  assert.equal(lab.events.at(-1)?.payload.reason, 'overloaded');
  await assertServes(lab);
  for (const socket of inside) socket.destroy();
  await untilTrue('there is room again', async () => (await lab.post(large)).status === 200);
});

test('clients that ask for a tunnel behind other requests, and leave, end nothing but their connection', async () => {
  await using lab = await startLab();
  using stack = new DisposableStack();
  const { host } = new URL(lab.url);
  const ask = `GET /config/status HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  for (let more = 0; more < 20; more++) {
    const socket = await opened(stack, lab, `${ask.repeat(more * 20)}CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n`);
    socket.on('error', () => {});
    await setImmediate();
    socket.resetAndDestroy();
  }
  await assertServes(lab);
});

const SPACES = ' '.repeat(30_000);

/** Thirty of them are read in no time, or else each takes a second of everybody's. */
const AT_ONCE = { timeout: 15_000 };

test('spaces without end in a header hold nobody up', AT_ONCE, async () => {
  await using lab = await startLab();
  const long = [
    { 'content-type': `application/json${SPACES}x` },
    { 'content-type': `application/json; charset=utf-8${SPACES}x` },
    { ...DISCOVER_HEADERS, 'mcp-method': 'tools/call', 'mcp-name': `read${SPACES}graph` },
  ];
  const modern = DISCOVER.replace('server/discover","params":{', 'tools/call","params":{"name":"read_graph",');
  for (const headers of long) {
    for (let sent = 0; sent < 10; sent++) {
      const { status } = await lab.post(modern, headers);
      assert.ok([400, 415].includes(status), String(status));
    }
  }
  await assertServes(lab);
});

test('spaces without end in a header of a server hold nobody up', AT_ONCE, async () => {
  await using server = await startRawServer();
  await using lab = await startLab({ upstream: server.url });
  const head = `HTTP/1.1 200 OK\r\nX: a${SPACES}b\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`;
  for (let sent = 0; sent < 30; sent++) {
    server.answerNext({ bytes: Buffer.from(head), in: 'one piece', keepsOpen: 'no' });
    assert.equal(await (await lab.post(GOOD_CALL)).text(), '{}');
  }
});

test('two requests in one piece are two decisions', async () => {
  await using lab = await startLab();
  using stack = new DisposableStack();
  const denied = GOOD_CALL.replace('read_graph', 'delete_entities');
  const first = headOf(lab, [`Content-Length: ${GOOD_CALL.length}`]) + GOOD_CALL;
  const second = headOf(lab, [`Content-Length: ${denied.length}`, 'Connection: close']) + denied;
  const answers = await text(await opened(stack, lab, first + second));
  assert.deepEqual(answers.match(/HTTP\/1\.1 \d+/g)?.length, 2);
  assert.deepEqual(lab.events.map(({ payload }) => payload.decision).toSorted(), ['allow', 'deny']);
  assert.equal(lab.server.seen.length, 1);
});

test('more requests than there is room for are refused and recorded, and room comes back', async () => {
  const waiting: (() => void)[] = [];
  const respond: Respond = (_, response) => {
    waiting.push(() =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":"2.0","result":1}'),
    );
  };
  await using lab = await startLab({ respond, limits: { maxInFlight: 5 } });
  const inside = Array.from({ length: 5 }, () => lab.post(GOOD_CALL));
  await untilTrue('the server has all of them', () => waiting.length === 5);
  const outside = await Promise.all(Array.from({ length: 40 }, () => lab.post(GOOD_CALL)));
  for (const response of outside) {
    assert.equal(response.status, 503);
    assert.equal(response.headers.get('retry-after'), '1');
    assert.match(await response.text(), /"overloaded"/);
  }
  for (const answer of waiting.splice(0)) answer();
  for (const response of await Promise.all(inside)) assert.equal(response.status, 200);
  assert.equal(lab.events.length, 45);
  const again = lab.post(GOOD_CALL);
  await untilTrue('there is room', () => waiting.length === 1);
  waiting[0]?.();
  assert.equal((await again).status, 200);
});

test('answers reach those who asked, whatever ids they choose', async () => {
  const respond: Respond = ({ body }, response) => {
    const { id, params } = JSON.parse(body.toString('utf8'));
    const result = JSON.stringify({ jsonrpc: '2.0', id, result: params.arguments });
    response.writeHead(200, { 'content-type': 'application/json' }).end(result);
  };
  await using lab = await startLab({ respond });
  const asked = Array.from({ length: 200 }, (_, who) => who);
  const answers = await Promise.all(
    asked.map(async (who) => (await lab.post(GOOD_CALL.replace('{}', `{"who":${who}}`))).text()),
  );
  assert.deepEqual(
    answers,
    asked.map((who) => `{"jsonrpc":"2.0","id":1,"result":{"who":${who}}}`),
  );
});

test('a thousand sessions that are opened and left do no harm', async () => {
  await using lab = await startLab();
  for (let round = 0; round < 20; round++) {
    const opened = await Promise.all(Array.from({ length: 50 }, () => lab.post(INITIALIZE)));
    for (const response of opened) assert.match(await response.text(), /"result"/);
  }
  await assertServes(lab);
});
