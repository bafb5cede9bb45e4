import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANNOTATIONS, type MCPServer, type RolloutStatus } from '@mcp-runtime/api';
import fc from 'fast-check';
import { type TrialObserved, nextRecord } from './record.ts';
import { trialOf } from './trial.ts';
import { aCanary, aRecord } from './testing/servers.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const AUTOMATIC = { promotion: 'Automatic', minRequests: 10, minDuration: '1m' };
const V1 = 'example.com/files:1';
const V2 = 'example.com/files:2';

function seen(
  given: Partial<TrialObserved> & { readonly requests?: number; readonly errors?: number } = {},
): TrialObserved {
  const { requests = 0, errors = 0, ...rest } = given;
  return {
    health: { state: 'ready', message: '' },
    definitions: { kind: 'same' },
    counts: { stable: { requests: 0, errors: 0 }, canary: { requests, errors } },
    nowMs: START,
    ...rest,
  };
}

function after(server: MCPServer, observed: TrialObserved): MCPServer {
  const rollout = nextRecord(server, observed);
  return { ...server, status: { ...server.status, ...(rollout === undefined ? {} : { rollout }) } };
}

function asking(server: MCPServer, what: string): MCPServer {
  return { ...server, metadata: { ...server.metadata, annotations: { [ANNOTATIONS.rollout]: what } } };
}

const told = ({ status }: MCPServer): string => `${status?.rollout?.phase} ${status?.rollout?.reason}`;
const hashOf = (server: MCPServer): string => trialOf(server)?.hash ?? '';

test('from the first look to the promotion, which stands', () => {
  let server = aCanary(V1, V2, {}, AUTOMATIC);
  server = after(server, seen({ health: { state: 'starting', message: 'x' } }));
  assert.equal(told(server), 'Progressing CanaryStarting');
  assert.equal(server.status?.rollout?.startedAt, undefined);
  server = after(server, seen({ nowMs: START + 60_000 }));
  assert.equal(server.status?.rollout?.startedAt, '2026-01-01T00:01:00Z');
  server = after(server, seen({ nowMs: START + 100_000, requests: 10 }));
  assert.equal(told(server), 'Progressing MoreTimeNeeded');
  server = after(server, seen({ nowMs: START + 120_000, requests: 12 }));
  assert.equal(told(server), 'Promoted ErrorRateWithinLimit');
  assert.equal(server.status?.rollout?.requests, 12);
  const { status } = after(server, seen({ nowMs: START + 130_000, health: { state: 'failing', message: '' } }));
  assert.deepEqual(status, server.status);
});

test('where people decide it is said what the operator would do, and nothing is done', () => {
  const manual = aCanary(V1, V2, {}, { ...AUTOMATIC, promotion: 'Manual', minDuration: '0s' });
  const good = after(manual, seen({ requests: 10 }));
  assert.equal(told(good), 'Held ErrorRateWithinLimit');
  assert.match(good.status?.rollout?.message ?? '', new RegExp(`promote:${hashOf(manual)}`));
  const bad = after(manual, seen({ requests: 10, errors: 10 }));
  assert.equal(told(bad), 'Held ErrorRateTooHigh');
  assert.match(bad.status?.rollout?.message ?? '', new RegExp(`rollback:${hashOf(manual)}`));
});

test('people have the last word, about the version that they name', () => {
  const server = aCanary(V1, V2, {}, AUTOMATIC);
  const hash = hashOf(server);
  assert.equal(told(after(asking(server, `promote:${hash}`), seen())), 'Promoted Requested');
  assert.equal(told(after(asking(server, `rollback:${hash}`), seen())), 'RolledBack Requested');
  assert.equal(told(after(asking(aRecord(server, 'RolledBack'), `promote:${hash}`), seen())), 'Promoted Requested');
  assert.equal(told(after(asking(aRecord(server, 'Promoted'), `rollback:${hash}`), seen())), 'RolledBack Requested');
  for (const other of ['promote', 'promote:0000000000000000', `promote:${hash} `, 'now'])
    assert.equal(told(after(asking(server, other), seen())), 'Progressing MoreRequestsNeeded');
  // What was decided by itself keeps its reason when people ask for the same.
  assert.equal(told(after(asking(aRecord(server, 'RolledBack'), `rollback:${hash}`), seen())), 'RolledBack Test');
});

test('counts alone are written seldom', () => {
  const server = after(aCanary(V1, V2, {}, AUTOMATIC), seen({ requests: 1 }));
  const soon = nextRecord(server, seen({ nowMs: START + 29_000, requests: 2 }));
  assert.equal(soon, server.status?.rollout);
  assert.equal(nextRecord(server, seen({ nowMs: START + 30_000, requests: 2 }))?.requests, 2);
  assert.equal(nextRecord(server, seen({ nowMs: START + 90_000, requests: 1 })), server.status?.rollout);
});

test('nothing on trial, no record', () => {
  const { rollout: _, ...spec } = aRecord(aCanary(V1, V2), 'Promoted').spec;
  assert.equal(nextRecord({ ...aRecord(aCanary(V1, V2), 'Promoted'), spec }, seen()), undefined);
});

test('a trial that is over stays so, whatever is seen later, until people or another version change it', () => {
  const looks = fc.record({
    state: fc.constantFrom<'starting' | 'ready' | 'failing'>('starting', 'ready', 'failing'),
    requests: fc.nat(500),
    failed: fc.nat(100),
    minutes: fc.nat(100),
    definitions: fc.constantFrom<TrialObserved['definitions']>(
      { kind: 'same' },
      { kind: 'unknown', message: '' },
      { kind: 'changed', missing: ['a'], changed: [] },
    ),
  });
  const isOver = (phase: RolloutStatus['phase'] | undefined): boolean => phase === 'Promoted' || phase === 'RolledBack';
  fc.assert(
    fc.property(fc.array(looks, { maxLength: 20 }), (all) => {
      let server = aCanary(V1, V2, {}, AUTOMATIC);
      for (const { state, requests, failed, minutes, definitions } of all) {
        const before = server.status?.rollout;
        const errors = Math.floor((requests * failed) / 100);
        const health = { state, message: '' };
        server = after(server, seen({ health, definitions, requests, errors, nowMs: START + minutes * 60_000 }));
        if (isOver(before?.phase)) assert.deepEqual(server.status?.rollout, before);
      }
    }),
  );
});
