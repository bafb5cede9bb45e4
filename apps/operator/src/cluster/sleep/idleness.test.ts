import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GatewayActivity } from '@mcp-runtime/api';
import { type Report, idlenessOf } from './idleness.ts';

const FILES = { namespace: 'team-a', name: 'files' };
const REPLICAS = [
  { pod: 'a', address: '10.0.0.1' },
  { pod: 'b', address: '10.0.0.2' },
];

type One = GatewayActivity['servers'][number];

function report(at: number, change: Partial<One> = {}): Report {
  const one = { server: 'team-a/files', idle_ms: 0, open: 0, wanted: false, knows: true, ...change };
  return { at, servers: new Map([[one.server, one]]) };
}

function idleness(...reports: readonly (Report | undefined)[]): ReturnType<typeof idlenessOf> {
  const told = REPLICAS.flatMap(({ address }, index) => {
    const one = reports[index];
    return one === undefined ? [] : [[address, one] as const];
  });
  return idlenessOf(FILES, REPLICAS, new Map(told));
}

test('the newest call of any gateway counts, as far as the oldest report goes', () => {
  assert.deepEqual(idleness(report(1000, { idle_ms: 900 }), report(1500, { idle_ms: 100, open: 2 })), {
    wanted: false,
    known: { asOf: 1000, lastActiveAt: 1400, open: 2 },
  });
});

test('nothing is known while one gateway does not tell, does not serve the server, or could not answer for it', () => {
  assert.equal(idleness(report(1000), undefined).known, undefined);
  assert.equal(idleness(report(1000), { at: 1000, servers: new Map() }).known, undefined);
  assert.equal(idleness(report(1000), report(1000, { knows: false })).known, undefined);
  assert.equal(idlenessOf(FILES, [], new Map()).known, undefined);
});

test('one gateway that tells of a call that waits is enough', () => {
  assert.equal(idleness(report(1000, { wanted: true }), undefined).wanted, true);
  assert.equal(idleness(report(1000), report(1000, { wanted: true })).wanted, true);
});
