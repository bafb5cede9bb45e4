import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aBridge, aClient, isRunning, streamOf, textOf, until } from './testing/bridge.ts';

test('serves two clients that use the same ids and tokens with one process', async () => {
  const lines: string[] = [];
  await using bridge = await aBridge({ process: 'shared', onStderr: (line) => lines.push(line) });
  const [one, two] = await Promise.all([aClient(bridge), aClient(bridge)]);
  assert.notEqual(one.hello.session, two.hello.session);
  assert.equal(textOf(await one.call(1, 'pid')), textOf(await two.call(1, 'pid')));
  assert.equal(bridge.pids().length, 1);

  const first = one.call(7, 'meet', { value: 'one' });
  await until(() => lines.length > 0);
  const [answerOne, answerTwo] = await Promise.all([first, two.call(7, 'meet', { value: 'two' })]);
  assert.deepEqual([textOf(answerOne), answerOne.messages.at(-1)?.id], ['one', 7]);
  assert.deepEqual([textOf(answerTwo), answerTwo.messages.at(-1)?.id], ['two', 7]);

  const progress = [one, two].map((client, index) =>
    client.call('p', 'progress', {}, { progressToken: `of ${index}` }),
  );
  for (const [index, answer] of (await Promise.all(progress)).entries()) {
    assert.deepEqual(answer.messages[0]?.params, { progressToken: `of ${index}`, progress: 1 });
    assert.equal(answer.messages.length, 2);
  }
});

test('answers the later initialize with the first result and its own id', async () => {
  await using bridge = await aBridge({ process: 'shared' });
  const one = await aClient(bridge, '2025-06-18');
  const two = await aClient(bridge, '2025-03-26');
  assert.deepEqual(two.hello.messages, one.hello.messages);
});

test('lets only the client that was asked answer', async () => {
  await using bridge = await aBridge({ process: 'shared' });
  const [one, two] = [await aClient(bridge), await aClient(bridge)];
  const read = await streamOf(bridge, one, 'ask');
  assert.match(await read(), /"id":"q1"/);
  await two.send({ id: 'q1', result: { roots: ['stranger'] } });
  await one.send({ id: 'q1', result: { roots: ['mine'] } });
  assert.match(await read(), /mine/);
});

test('cancels what a client that ends its session has open, and only that', async () => {
  const lines: string[] = [];
  await using bridge = await aBridge({ process: 'shared', onStderr: (line) => lines.push(line) });
  const [one, two] = [await aClient(bridge), await aClient(bridge)];
  const hanging = one.call(1, 'hang');
  await until(() => lines.length > 0);
  await one.end();
  assert.equal((await hanging).messages[0]?.error?.code, 49900);
  const cancelled = JSON.parse(textOf(await two.call(1, 'cancelled')) ?? '[]');
  assert.equal(cancelled.length, 1);
  assert.equal(bridge.sessions(), 1);
});

test('ends all sessions at once when the process crashes, and starts another for the next', async () => {
  const lines: string[] = [];
  await using bridge = await aBridge({ process: 'shared', onStderr: (line) => lines.push(line) });
  const [one, two] = [await aClient(bridge), await aClient(bridge)];
  const hanging = one.call(1, 'hang');
  await until(() => lines.length > 0);
  assert.equal((await two.call(1, 'crash')).status, 502);
  assert.equal((await hanging).status, 502);
  assert.equal((await one.call(2, 'echo')).status, 404);
  const next = await aClient(bridge);
  assert.equal(textOf(await next.call(1, 'echo', { value: 'again' })), 'again');
});

test('leaves no process behind', async () => {
  const bridge = await aBridge({ process: 'shared' });
  await aClient(bridge);
  const pids = bridge.pids();
  await bridge.close();
  assert.deepEqual(pids.filter(isRunning), []);
});
