/** Servers that are hostile or broken: what the caller sees of their answers, and that the gateway serves on. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type HostileAnswer, bytesOfAnswer, loadAnswers } from './answers.ts';
import { GOOD_CALL, LIST } from './good-call.ts';
import { type Lab, startLab } from './lab.ts';
import { type RawServer, type RawServerAnswer, startRawServer } from './raw-server.ts';
import { type RawAnswer, refusalIn, send } from './send.ts';

let server: RawServer;
let lab: Lab;

before(async () => {
  server = await startRawServer();
  lab = await startLab({ upstream: server.url });
});

after(async () => {
  await lab[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** Longer answers in single bytes take long and show nothing new. */
const MAX_SINGLE_BYTES = 4096;

for (const one of loadAnswers()) {
  const bytes = bytesOfAnswer(one);
  test(`${one.id}${one.why === undefined ? '' : ` (${one.why})`}`, async () => {
    await assertDelivered(one, { bytes, in: 'one piece', keepsOpen: one.keepsOpen });
    if (bytes.length <= MAX_SINGLE_BYTES) {
      await assertDelivered(one, { bytes, in: 'single bytes', keepsOpen: one.keepsOpen });
    }
  });
}

async function assertDelivered({ asks, expect }: HostileAnswer, answer: RawServerAnswer): Promise<void> {
  const recordedBefore = lab.events.length;
  server.answerNext(answer);
  const seen = await ask(ASKED[asks]);
  assert.equal(seen.status, expect.status, seen.body);
  assert.equal(refusalIn(seen).reason, expect.reason);
  const whole = JSON.stringify([...seen.headers, seen.body]);
  for (const text of expect.shows) assert.ok(seen.body.includes(text), `${seen.body} lacks ${text}`);
  for (const text of expect.hides) assert.ok(!whole.includes(text), `${whole} shows ${text}`);
  assert.deepEqual(
    [...seen.headers.keys()].filter((name) => !CROSSING.test(name)),
    [],
  );
  const records = lab.events.slice(recordedBefore).map(({ payload }) => payload.outcome);
  assert.deepEqual(records, [expect.outcome]);
  assert.match((await ask(GOOD_CALL)).body, /"content"/);
}

const CROSSING =
  /^(content-type|content-length|transfer-encoding|connection|date|cache-control|retry-after|x-accel-buffering|x-request-id|mcp-session-id)$/;

const ASKED: Readonly<Record<HostileAnswer['asks'], string>> = {
  'tools/call': GOOD_CALL,
  'tools/list': LIST,
  task: GOOD_CALL.replace('"arguments":{}', '"arguments":{},"task":{}'),
  stream: '',
};

/** A stream is asked for without a body. */
async function ask(body: string): Promise<RawAnswer> {
  const { host } = new URL(lab.url);
  const verb = body === '' ? 'GET' : 'POST';
  const head = `${verb} /memory/mcp HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nConnection: close\r\n`;
  const rest = `Authorization: Bearer ${lab.token('valid')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const [answer] = await send(lab.url, Buffer.from(head + rest));
  assert.ok(answer);
  return answer;
}
