import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MCPServer } from '@mcp-runtime/api';
import fc from 'fast-check';
import { trialOf } from './trial.ts';
import { versionsOf } from './versions.ts';
import { aCanary, aRecord } from './testing/servers.ts';

const V1 = 'example.com/files:1';
const V2 = 'example.com/files:2';
const V3 = 'example.com/files:3';

function told(server: MCPServer): readonly string[] {
  return versionsOf(server, 'free').map(
    ({ track, source, replicas, weight }) => `${track} ${source.image?.slice(-1)} x${replicas} ${weight}%`,
  );
}

const ON_TRIAL = ['stable 1 x3 95%', 'canary 2 x1 5%'];

test('a version on trial gets its share, and all of it when it is promoted, and nothing when it is rolled back', () => {
  const server = aCanary(V1, V2);
  assert.deepEqual(told(server), ON_TRIAL);
  assert.deepEqual(told(aRecord(server, 'Progressing')), ON_TRIAL);
  assert.deepEqual(told(aRecord(server, 'Held')), ON_TRIAL);
  assert.deepEqual(told(aRecord(server, 'Promoted')), ['stable 2 x4 100%', 'canary 2 x0 0%']);
  assert.deepEqual(told(aRecord(server, 'RolledBack')), ['stable 1 x4 100%', 'canary 2 x0 0%']);
});

test('another canary is tried anew, whatever became of the last one', () => {
  for (const phase of ['Promoted', 'RolledBack'] as const) {
    const { status } = aRecord(aCanary(V1, V2), phase);
    assert.deepEqual(told({ ...aCanary(V1, V3), status }), ['stable 1 x3 95%', 'canary 3 x1 5%']);
  }
});

test('when the version in use changes, what failed stays rolled back, and what was promoted is tried again', () => {
  const { status: failed } = aRecord(aCanary(V1, V2), 'RolledBack');
  assert.deepEqual(told({ ...aCanary(V3, V2), status: failed }), ['stable 3 x4 100%', 'canary 2 x0 0%']);
  const { status: promoted } = aRecord(aCanary(V1, V2), 'Promoted');
  assert.deepEqual(told({ ...aCanary(V3, V2), status: promoted }), ['stable 3 x3 95%', 'canary 2 x1 5%']);
  assert.deepEqual(told({ ...aCanary(V2, V2), status: promoted }), ['stable 2 x4 100%', 'canary 2 x0 0%']);
});

test('where another server has the name of the canary there is none', () => {
  const server = aCanary(V1, V2);
  assert.deepEqual(
    versionsOf(server, 'taken').map(({ track, replicas, weight }) => [track, replicas, weight]),
    [['stable', 4, 100]],
  );
});

test('a canary of the same version, and a rollout of another kind, are no trial', () => {
  const { image: _, ...same } = aCanary(V1, V2).spec.rollout?.canary ?? {};
  const server = aCanary(V1, V2);
  const canary = MCPServer.parse({
    ...server,
    spec: { ...server.spec, rollout: { ...server.spec.rollout, canary: same } },
  });
  assert.equal(trialOf(canary), undefined);
  assert.deepEqual(told(canary), ['stable 1 x3 95%', 'canary 1 x1 5%']);
  assert.deepEqual(told(MCPServer.parse({ ...server, spec: { image: V1, replicas: 4 } })), ['stable 1 x4 100%']);
});

test('a version has one name, however it is written', () => {
  const { spec, ...server } = aCanary(V1, V2);
  const hash = (canary: object, more: object = {}) =>
    trialOf(MCPServer.parse({ ...server, spec: { ...spec, ...more, rollout: { ...spec.rollout, canary } } }))?.hash;
  assert.equal(hash({ image: 'example.com/files' }, { imageTag: '2' }), hash({ image: V2 }));
  assert.equal(hash({ image: V2, weight: 50, minRequests: 1 }), hash({ image: V2 }));
  assert.notEqual(hash({ image: V3 }), hash({ image: V2 }));
});

test('replicas and shares always come to the whole, of the stable one at least one replica', () => {
  const cases = fc.record({
    replicas: fc.integer({ min: 2, max: 50 }),
    canaries: fc.integer({ min: 1, max: 49 }),
    weight: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
    phase: fc.constantFrom('Progressing', 'Held', 'Promoted', 'RolledBack'),
  });
  fc.assert(
    fc.property(cases, ({ replicas, canaries, weight, phase }) => {
      fc.pre(canaries < replicas);
      const server = aRecord(aCanary(V1, V2, { replicas, canaries, weight }), phase);
      const versions = versionsOf(server, 'free');
      assert.equal(sum(versions.map((one) => one.replicas)), replicas);
      assert.equal(sum(versions.map((one) => one.weight)), 100);
      assert.ok((versions[0]?.replicas ?? 0) > 0);
    }),
  );
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
