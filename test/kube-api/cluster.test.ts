import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kubectl, skipWithoutControllers, testNamespace } from '../support/kubectl.ts';

test('the API server is a Kubernetes that we support', async () => {
  const { serverVersion } = JSON.parse(await kubectl(['version', '--output=json']));
  const [major, minor] = [Number(serverVersion.major), Number.parseInt(serverVersion.minor, 10)];
  assert.ok(major === 1 && minor >= 31, `found ${serverVersion.gitVersion}`);
});

const skip = await skipWithoutControllers();
test('controllers run: what a deleted object owns is deleted', { skip }, async () => {
  await using namespace = await testNamespace('collect');
  await namespace.kubectl(['create', 'deployment', 'web', '--image=localhost/none:1', '--replicas=0']);
  await namespace.kubectl(['wait', '--for=create', 'replicaset', '--selector=app=web', '--timeout=120s']);
  await namespace.kubectl(['delete', 'deployment', 'web']);
  await namespace.kubectl(['wait', '--for=delete', 'replicaset', '--selector=app=web', '--timeout=120s']);
});
