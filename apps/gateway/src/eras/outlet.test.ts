import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnswerReceiver, type Flow } from '../upstream/port.ts';
import { Outlet } from './outlet.ts';

interface Listener {
  readonly receiver: AnswerReceiver;
  readonly heard: string[];
  readonly flow: () => Flow;
}

/** A receiver that writes down what it hears. */
function listen(onChunk: () => void = () => {}): Listener {
  const heard: string[] = [];
  let given: Flow | undefined;
  const receiver: AnswerReceiver = {
    onHead: (status, headers, flow) => {
      given = flow;
      heard.push(`${status} ${String(headers['content-type'])}`);
    },
    onChunk: (chunk) => {
      heard.push(chunk.toString('utf8'));
      onChunk();
    },
    onEnd: () => void heard.push('end'),
    onFailure: ({ code }) => void heard.push(code),
  };
  return {
    receiver,
    heard,
    flow: () => {
      assert.ok(given !== undefined);
      return given;
    },
  };
}

test('an answer without a message before it is one JSON text', () => {
  const { receiver, heard } = listen();
  new Outlet(receiver).end('{"a":1}');
  assert.deepEqual(heard, ['200 application/json', '{"a":1}', 'end']);
});

test('a message before the last one makes it an event stream, and a line break in it another line', () => {
  const { receiver, heard } = listen();
  const outlet = new Outlet(receiver);
  outlet.say('{"a":\n1}');
  outlet.end('{}');
  assert.deepEqual(heard, [
    '200 text/event-stream',
    'event: message\ndata: {"a":\ndata: 1}\n\n',
    'event: message\ndata: {}\n\n',
    'end',
  ]);
});

test('what is said while the client is slow waits, and its server is held back', () => {
  const { receiver, heard, flow } = listen();
  const asked: string[] = [];
  const outlet = new Outlet(receiver);
  outlet.follow({ pause: () => void asked.push('pause'), resume: () => void asked.push('resume') });
  outlet.open();
  flow().pause();
  outlet.say('1');
  outlet.end('2');
  assert.deepEqual(heard, ['200 text/event-stream']);
  flow().resume();
  assert.deepEqual(heard.slice(1), ['event: message\ndata: 1\n\n', 'event: message\ndata: 2\n\n', 'end']);
  assert.deepEqual(asked, ['pause']);
});

test('a client that is slow again in between gets the rest later, in order', () => {
  const listener: Listener = listen(() => listener.flow().pause());
  const { receiver, heard, flow } = listener;
  const outlet = new Outlet(receiver);
  for (const text of ['1', '2', '3']) outlet.say(text);
  outlet.close();
  assert.equal(heard.length, 2);
  for (let times = 0; times < 2; times++) flow().resume();
  assert.deepEqual(
    heard.slice(1).map((text) => /data: (\d)/.exec(text)?.[1] ?? text),
    ['1', '2', '3'],
  );
  flow().resume();
  assert.equal(heard.at(-1), 'end');
});

test('more than 32 MiB do not wait for a slow client', () => {
  const { receiver, heard, flow } = listen();
  const outlet = new Outlet(receiver);
  outlet.open();
  flow().pause();
  const long = 'x'.repeat(8 * 1024 * 1024);
  for (let times = 0; times < 5; times++) outlet.say(long);
  assert.deepEqual(heard, ['200 text/event-stream', 'overloaded']);
});

test('nothing is said after the end, and nothing at all to who left', () => {
  const { receiver, heard } = listen();
  const outlet = new Outlet(receiver);
  outlet.end('1');
  outlet.say('2');
  outlet.end('3');
  outlet.close();
  assert.equal(heard.length, 3);
  const left = listen();
  const abandoned = new Outlet(left.receiver);
  abandoned.abandon();
  abandoned.say('1');
  abandoned.close();
  assert.deepEqual(left.heard, []);
});
