/** Requests that mean to confuse: each gets the answer that the corpus says, and the gateway serves on. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type AuditEvent, EVENT_TYPES } from '@mcp-runtime/api';
import { type HostileCase, bodyOf, bytesOf, loadCorpus } from './corpus.ts';
import { untilTrue } from '../support/until.ts';
import { DISCOVER, DISCOVER_HEADERS, GOOD_CALL, INITIALIZE } from './good-call.ts';
import { type Lab, startLab } from './lab.ts';
import { refusalIn, send } from './send.ts';
import { type Seen } from './spy-server.ts';

let lab: Lab;
/** An MCP session of Alice's agent. */
let session: string;

before(async () => {
  lab = await startLab();
  const opened = await lab.post(INITIALIZE);
  session = opened.headers.get('mcp-session-id') ?? '';
  // The first question of the era without sessions finds out which eras the server speaks.
  await lab.post(DISCOVER, DISCOVER_HEADERS);
});

after(() => lab[Symbol.asyncDispose]());

const corpus = loadCorpus();

test('ids are unique', () => {
  assert.equal(new Set(corpus.map(({ id }) => id)).size, corpus.length);
});

for (const one of corpus) {
  test(`${one.id}${one.why === undefined ? '' : ` (${one.why})`}`, async () => {
    const seenBefore = lab.server.seen.length;
    const recordedBefore = lab.events.length;
    const { host } = new URL(lab.url);
    const token = lab.token(one.credential);
    const answers = await send(lab.url, bytesOf(one, { host, path: '/memory/mcp', token, session }));
    const [answer] = answers;
    assert.ok(answer !== undefined && answers.length === 1, `${answers.length} answers`);
    const { code, reason } = refusalIn(answer);
    const { status, code: wantedCode, reason: wantedReason } = one.expect;
    assert.deepEqual({ status: answer.status, code, reason }, { status, code: wantedCode, reason: wantedReason });
    if (answer.status === 401) assert.match(answer.headers.get('www-authenticate') ?? '', /^(?:Bearer|DPoP) realm=/);
    assertSeen(one, lab.server.seen.slice(seenBefore));
    await assertRecorded(one, recordedBefore);
    assert.match(await (await lab.post(GOOD_CALL)).text(), /"result"/);
  });
}

/** The server saw the bytes that were decided on, with nothing of the caller's credentials, or it saw nothing. */
function assertSeen(one: HostileCase, seen: readonly Seen[]): void {
  assert.equal(seen.length, one.expect.server === 'nothing' ? 0 : 1);
  for (const { method, path, headers, body } of seen) {
    assert.equal(path, '/mcp');
    assert.equal(method, one.line.split(' ')[0]);
    assert.equal(body.toString('latin1'), seenBody(one).toString('latin1'));
    const strangers = Object.keys(headers).filter((name) => !CROSSING.test(name));
    assert.deepEqual(strangers, []);
  }
}

function seenBody(one: HostileCase): Buffer {
  if (one.expect.server === 'something else') return Buffer.from(one.expect.sees ?? '');
  return one.expect.server === 'the good call' ? Buffer.from(GOOD_CALL) : bodyOf(one);
}

const CROSSING =
  /^(accept|content-type|content-length|host|mcp-protocol-version|mcp-session-id|last-event-id|mcp-method|mcp-name|mcp-param-.*|traceparent|tracestate)$/;

async function assertRecorded({ expect }: HostileCase, before: number): Promise<void> {
  const { recorded, reason, alsoRecorded } = expect;
  const count = alsoRecorded === undefined ? 1 : 2;
  // That a caller went away may be noticed after its connection has ended.
  await untilTrue('there is a record', () => lab.events.length >= before + count);
  const all = lab.events.slice(before);
  // What follows a request may be refused before that is answered.
  const ordered = all.toSorted((a, b) => typeOrder(a) - typeOrder(b)).map(({ payload }) => payload);
  const [record, ...others] = ordered;
  assert.deepEqual(
    others.map(({ reason: also }) => also),
    alsoRecorded === undefined ? [] : [alsoRecorded],
  );
  assert.equal(record?.decision, recorded === 'allow' ? 'allow' : 'deny');
  if (recorded !== 'allow') assert.equal(record.reason, recorded === 'the reason' ? reason : recorded);
}

function typeOrder({ event_type: type }: AuditEvent): number {
  return type === EVENT_TYPES.request ? 0 : 1;
}
