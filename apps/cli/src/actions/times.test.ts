import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ageText } from '@mcp-runtime/base';
import { instantBefore, parseDuration } from './times.ts';

const NOW = Date.parse('2027-01-31T12:00:00Z');

test('ages are in the largest unit that says enough', () => {
  const ages = [
    '2027-01-31T11:59:57Z',
    '2027-01-31T11:58:30Z',
    '2027-01-31T11:00:00Z',
    '2027-01-30T12:00:00Z',
    '2027-01-01T00:00:00Z',
    '2027-02-01T00:00:00Z',
    undefined,
  ];
  assert.deepEqual(
    ages.map((instant) => ageText(instant, NOW)),
    ['3s', '90s', '60m', '24h', '30d', '0s', ''],
  );
});

test('durations are sums of counts with a unit', () => {
  assert.deepEqual(['8h', '1h30m', '7d', '250ms', '', '8', 'h', '-1h', '8h '].map(parseDuration), [
    28_800_000,
    5_400_000,
    604_800_000,
    250,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('a time is an instant, or a duration ago', () => {
  assert.equal(instantBefore('since', '15m', NOW), '2027-01-31T11:45:00Z');
  assert.equal(instantBefore('since', '2027-01-01T00:00:00+01:00', NOW), '2027-01-01T00:00:00+01:00');
  assert.throws(() => instantBefore('since', 'yesterday', NOW), { code: 'usage' });
});
