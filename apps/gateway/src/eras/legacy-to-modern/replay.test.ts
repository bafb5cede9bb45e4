import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReplays } from './replay.ts';

function startReplays(limits: { readonly maxStreamBytes?: number; readonly maxBytes?: number } = {}) {
  let now = 0;
  const replays = createReplays({ maxStreamBytes: 100, maxBytes: 1000, keepMs: 60, ...limits }, () => now);
  return { replays, pass: (ms: number) => void (now += ms) };
}

const always = (): boolean => true;

test('a client goes on after the event that it had', () => {
  const { replays } = startReplays();
  const stream = replays.open('s', always);
  const ids = ['a', 'b', 'c'].map((data) => stream.keep(data));
  const missed = replays.find('s', ids[0] ?? '')?.missed.map(({ data }) => data);
  assert.deepEqual(missed, ['b', 'c']);
});

test('an event of another session, one that never was, and one that is no id are not found', () => {
  const { replays } = startReplays();
  const id = replays.open('s', always).keep('a');
  for (const [session, eventId] of [
    ['other', id],
    ['s', id.replace(/\d+$/, '7')],
    ['s', id.replace(/\d+$/, '-1')],
    ['s', 'nothing'],
    ['s', ''],
  ] as const) {
    assert.equal(replays.find(session, eventId), undefined, eventId);
  }
});

test('a stream that has grown too long cannot be resumed from an event whose successor is gone', () => {
  const { replays } = startReplays({ maxStreamBytes: 10 });
  const stream = replays.open('s', always);
  const first = stream.keep('12345');
  const second = stream.keep('12345');
  assert.equal(replays.find('s', first)?.missed.length, 1);
  stream.keep('12345');
  assert.equal(replays.find('s', second)?.missed.length, 1);
  stream.keep('12345');
  assert.equal(replays.find('s', first), undefined);
});

test('an answer is kept for a while after its end, less when there is no room', () => {
  const { replays, pass } = startReplays({ maxBytes: 10 });
  const old = replays.open('s', always);
  const id = old.keep('1234');
  old.end();
  pass(59);
  replays.open('s', always).end();
  assert.notEqual(replays.find('s', id), undefined);
  pass(1);
  replays.open('s', always).end();
  assert.equal(replays.find('s', id), undefined);
  const [first, second] = [replays.open('s', always), replays.open('s', always)];
  const ids = [first.keep('12345678'), second.keep('12345678')];
  first.end();
  second.end();
  assert.equal(replays.find('s', ids[0] ?? ''), undefined);
  assert.notEqual(replays.find('s', ids[1] ?? ''), undefined);
});

test('what may not be resumed any more, was dropped or belongs to a session that ended is gone', () => {
  const { replays } = startReplays();
  let may = true;
  const asked = replays.open('s', () => may).keep('a');
  may = false;
  assert.equal(replays.find('s', asked), undefined);
  may = true;
  assert.equal(replays.find('s', asked), undefined, 'for good');
  const dropped = replays.open('s', always);
  const droppedId = dropped.keep('a');
  dropped.drop();
  assert.equal(replays.find('s', droppedId), undefined);
  const forgotten = replays.open('s', always).keep('a');
  let ended = 0;
  replays.find('s', forgotten)?.follow(
    () => {},
    () => void (ended += 1),
  );
  replays.forget('s');
  assert.equal(ended, 1, 'those who follow are told');
});
