import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANNOTATIONS, AppError, ToolConfig } from '@mcp-runtime/api';
import { type KubeObject } from '@mcp-runtime/kube';
import { type HandshakeTool } from '../../ports.ts';
import { compareDefinitions } from './definitions.ts';
import { hasComeTo, healthOf } from './health.ts';
import { createTally } from './tally.ts';
import { aCanary } from './testing/servers.ts';

/** What is read of gateways, pods and handshakes. */

const NONE = { requests: 0, errors: 0 };

function counts(stable: number, canary: number, errors = 0) {
  return { stable: { requests: stable, errors: 0 }, canary: { requests: canary, errors } };
}

test('a tally counts from the first look at each gateway, and goes on from what was counted before', () => {
  const tally = createTally({ stable: { requests: 10, errors: 1 }, canary: NONE });
  tally.take('a', counts(1000, 500, 400));
  assert.deepEqual(tally.counts(), { stable: { requests: 10, errors: 1 }, canary: NONE });
  tally.take('a', counts(1005, 502, 401));
  tally.take('b', counts(7, 7));
  tally.take('b', counts(8, 8));
  assert.deepEqual(tally.counts(), { stable: { requests: 16, errors: 1 }, canary: { requests: 3, errors: 1 } });
});

test('a gateway that was started again counts from nothing', () => {
  const tally = createTally({ stable: NONE, canary: NONE });
  tally.take('a', counts(100, 50));
  tally.take('a', counts(3, 2, 1));
  assert.deepEqual(tally.counts(), { stable: { requests: 3, errors: 0 }, canary: { requests: 2, errors: 1 } });
});

function tool(name: string, more: Partial<HandshakeTool> = {}): HandshakeTool {
  return { name, description: name, annotations: {}, inputSchema: { type: 'object', a: 1, b: 2 }, ...more };
}

function offering(...tools: HandshakeTool[]) {
  return { ok: true, handshake: { protocolVersion: '', serverInfo: { name: '', version: '' }, tools } } as const;
}

const server = { ...aCanary('files:1', 'files:2') };
const declaring = {
  ...server,
  spec: { ...server.spec, tools: [ToolConfig.parse({ name: 'read', sideEffect: 'read' })] },
};

test('definitions are the same whatever their order, and a tool more is no difference', () => {
  const reordered = tool('a', { inputSchema: { b: 2, a: 1, type: 'object' } });
  const canary = offering(tool('more'), tool('b'), reordered);
  assert.deepEqual(compareDefinitions(server, offering(tool('a'), tool('b')), canary), { kind: 'same' });
});

test('what is missing or described in another way is named', () => {
  const stable = offering(tool('a'), tool('b'), tool('c'), tool('d'), tool('gone'));
  const canary = offering(
    tool('a', { description: 'another' }),
    tool('b', { annotations: { readOnlyHint: true } }),
    tool('c', { inputSchema: { type: 'object', a: 1 } }),
    tool('d'),
  );
  assert.deepEqual(compareDefinitions(declaring, stable, canary), {
    kind: 'changed',
    missing: ['gone', 'read'],
    changed: ['a', 'b', 'c'],
  });
});

test('without both handshakes nothing is known', () => {
  const failed = { ok: false, error: new AppError('upstream_unavailable', 'no answer') } as const;
  for (const [stable, canary] of [
    [offering(), undefined],
    [undefined, offering()],
    [offering(), failed],
  ] as const)
    assert.equal(compareDefinitions(server, stable, canary).kind, 'unknown');
});

const HASH = 'abc';
const AVAILABLE = {
  observedGeneration: 1,
  replicas: 1,
  updatedReplicas: 1,
  availableReplicas: 1,
  conditions: [{ type: 'Available', status: 'True' }],
};

function made(kind: string, version: string, status: object): KubeObject {
  const metadata = { name: 'x', namespace: 'y', annotations: { [ANNOTATIONS.version]: version } };
  return { apiVersion: 'v1', kind, metadata, spec: { replicas: 1 }, status };
}

test('pods of the version on trial say how it is, those of the one before do not', () => {
  const crashing = {
    containerStatuses: [{ name: 'c', restartCount: 2, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
  };
  const restarted = { containerStatuses: [{ name: 'c', restartCount: 3 }] };
  const deployment = made('Deployment', HASH, AVAILABLE);
  const state = (pods: readonly KubeObject[], of: KubeObject | undefined = deployment) =>
    healthOf(of, pods, HASH).state;
  assert.equal(state([]), 'ready');
  assert.equal(state([made('Pod', 'older', crashing)]), 'ready');
  assert.equal(state([made('Pod', HASH, crashing)]), 'failing');
  assert.equal(state([made('Pod', HASH, restarted)]), 'failing');
  assert.equal(state([], made('Deployment', 'older', AVAILABLE)), 'starting');
  assert.equal(healthOf(undefined, [], HASH).state, 'starting');
  const stuck = {
    observedGeneration: 1,
    conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
  };
  assert.equal(state([], made('Deployment', HASH, stuck)), 'failing');
});

test('a Deployment has come to a version when all of its pods have', () => {
  assert.equal(hasComeTo(made('Deployment', HASH, AVAILABLE), HASH), true);
  assert.equal(hasComeTo(made('Deployment', HASH, { ...AVAILABLE, replicas: 2 }), HASH), false);
  assert.equal(hasComeTo(made('Deployment', 'older', AVAILABLE), HASH), false);
});
