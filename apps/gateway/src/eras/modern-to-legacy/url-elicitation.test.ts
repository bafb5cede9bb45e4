import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL, READ } from '../../testing/asking-server.ts';
import { startLegacyBench } from '../../testing/legacy-bench.ts';
import { type LegacyServer, scriptLegacyServer } from '../../testing/legacy-server.ts';
import { askAsModern } from '../../testing/modern-caller.ts';

const URLS = {
  elicitations: [{ mode: 'url', url: 'https://example.com/login', message: 'Log in', elicitationId: 'e' }],
};

/** Wants a URL to be opened before its first answer. */
function wantingUrl(): LegacyServer {
  let calls = 0;
  return scriptLegacyServer({
    on: {
      'tools/call': (_, turn) => {
        calls += 1;
        if (calls === 1) turn.error(-32042, 'log in first', URLS);
        else turn.result('{"content":[]}');
      },
    },
  });
}

test('URLs that have to be opened first come as questions; then the call is made again', async () => {
  await using bench = await startLegacyBench(wantingUrl());
  const first = await askAsModern(bench, 'tools/call', { params: READ, capabilities: ALL });
  const { inputRequests, requestState } = first.message.result ?? {};
  assert.deepEqual(inputRequests, {
    'url-1': {
      method: 'elicitation/create',
      params: { mode: 'url', url: 'https://example.com/login', message: 'Log in' },
    },
  });
  const inputResponses = { 'url-1': { action: 'accept' } };
  const second = await askAsModern(bench, 'tools/call', {
    params: { ...READ, requestState, inputResponses },
    capabilities: ALL,
  });
  assert.equal(second.message.result?.resultType, 'complete');
});

test('URLs that the user does not open end the request', async () => {
  const server = wantingUrl();
  await using bench = await startLegacyBench(server);
  const first = await askAsModern(bench, 'tools/call', { params: READ, capabilities: ALL });
  const { requestState } = first.message.result ?? {};
  const inputResponses = { 'url-1': { action: 'decline' } };
  const second = await askAsModern(bench, 'tools/call', {
    params: { ...READ, requestState, inputResponses },
    capabilities: ALL,
  });
  assert.match(second.message.error?.message ?? '', /only after its URLs were opened/);
  assert.equal(server.said.filter(({ method }) => method === 'tools/call').length, 1);
});

test('a client that cannot open URLs is told which capability it lacks', async () => {
  await using bench = await startLegacyBench(wantingUrl());
  const { status, message } = await askAsModern(bench, 'tools/call', {
    params: READ,
    capabilities: { elicitation: {} },
  });
  assert.equal(status, 400);
  assert.equal(message.error?.code, -32021);
  assert.deepEqual(message.error?.data?.['requiredCapabilities'], { elicitation: { url: {} } });
});
