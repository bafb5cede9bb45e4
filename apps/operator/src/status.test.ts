import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, MCPServer } from '@mcp-runtime/api';
import { saysTheSame } from './conditions.ts';
import { type Handshake } from './ports.ts';
import { type Observed, statusOf } from './status.ts';

const server = MCPServer.parse({
  apiVersion: 'mcpruntime.org/v1alpha1',
  kind: 'MCPServer',
  metadata: { name: 'files', generation: 3 },
  spec: {
    source: { command: { command: 'files' } },
    tools: [
      { name: 'read', sideEffect: 'read' },
      { name: 'gone', sideEffect: 'read' },
    ],
  },
});
const handshake: Handshake = {
  protocolVersion: '2025-11-25',
  serverInfo: { name: 'files', version: '1' },
  tools: [
    {
      name: 'read',
      description: 'Reads.\nAt length.',
      annotations: { readOnlyHint: true },
      inputSchema: { type: 'object', properties: { path: { type: 'string' } } },
    },
    { name: 'add', description: undefined, annotations: { destructiveHint: false }, inputSchema: {} },
    { name: 'wipe', description: undefined, annotations: {}, inputSchema: {} },
  ],
};
const running = { phase: 'running', upstreamUrl: 'http://x', pids: [1], restarts: 2 } as const;
const whole: Observed = {
  state: running,
  shakenHands: { ok: true, handshake },
  revision: 'sha256:1',
  endpoint: 'http://gateway/files/mcp',
  blocked: undefined,
  now: '2026-01-01T00:00:00Z',
};

const READY: readonly (readonly [what: string, change: Partial<Observed>, phase: string, reason: string])[] = [
  ['all is well', {}, 'Ready', 'Ready'],
  ['it is being installed', { state: { phase: 'preparing', message: 'installing' } }, 'Pending', 'Preparing'],
  ['nothing is known of it', { state: undefined }, 'Pending', 'Stopped'],
  [
    'it crashed',
    { state: { phase: 'backing-off', code: 'server_exited', message: 'exited', restarts: 1, retryAtMs: 0 } },
    'Degraded',
    'ServerExited',
  ],
  [
    'it cannot run here',
    { state: { phase: 'failed', code: 'source_unsupported', message: 'no' } },
    'Error',
    'SourceUnsupported',
  ],
  ['no policy is in force', { revision: undefined }, 'Pending', 'PolicyPending'],
  ['the handshake is under way', { shakenHands: undefined }, 'Pending', 'Probing'],
  [
    'the handshake failed',
    { shakenHands: { ok: false, error: new AppError('upstream_unavailable', 'no answer') } },
    'Pending',
    'UpstreamUnavailable',
  ],
  ['its path is taken', { blocked: { reason: 'PathInUse', message: 'taken' } }, 'Pending', 'PathInUse'],
];

for (const [what, change, phase, reason] of READY) {
  test(`${phase}, ${reason} when ${what}`, () => {
    const status = statusOf(server, { ...whole, ...change });
    const ready = status.conditions?.find(({ type }) => type === 'Ready');
    assert.deepEqual([status.phase, ready?.reason, ready?.observedGeneration], [phase, reason, 3]);
    assert.equal(ready?.status, phase === 'Ready' ? 'True' : 'False');
  });
}

test('the tools of a handshake are shown with what they may do, and the missing ones are named', () => {
  const status = statusOf(server, whole);
  assert.deepEqual(status.tools, [
    {
      name: 'read',
      description: 'Reads.',
      declared: true,
      proposedSideEffect: 'read',
      claimedSideEffect: 'read',
      arguments: [
        { path: '', type: 'object' },
        { path: '/path', type: 'string' },
      ],
    },
    { name: 'add', declared: false, proposedSideEffect: 'write' },
    { name: 'wipe', declared: false, proposedSideEffect: 'destructive' },
  ]);
  assert.deepEqual(status.missingTools, ['gone']);
  assert.equal(status.restarts, 2);
});

test('a condition keeps its time while its status stays', () => {
  const before = statusOf(server, whole);
  const later = { ...whole, now: '2026-01-02T00:00:00Z' };
  const same = statusOf({ ...server, status: before }, later);
  assert.ok(saysTheSame(before, same));
  const failing = statusOf({ ...server, status: before }, { ...later, shakenHands: undefined });
  const times = failing.conditions?.map(({ type, lastTransitionTime }) => [type, lastTransitionTime.slice(0, 10)]);
  assert.deepEqual(times, [
    ['WorkloadReady', '2026-01-01'],
    ['PolicyReady', '2026-01-01'],
    ['GatewayReady', '2026-01-02'],
    ['Ready', '2026-01-02'],
  ]);
});
