import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testNamespace } from '../support/kubectl.ts';

test('a pod starts on the node', async () => {
  await using namespace = await testNamespace('start');
  await namespace.kubectl(['run', 'pause', '--image=localhost/pause:1', '--image-pull-policy=Never']);
  await namespace.kubectl(['wait', '--for=condition=Ready', 'pod/pause', '--timeout=120s']);
  const address = await namespace.kubectl(['get', 'pod', 'pause', '--output=jsonpath={.status.podIP}']);
  assert.match(address, /^10\.244\.0\.\d+$/);
});
