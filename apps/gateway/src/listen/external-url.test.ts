import assert from 'node:assert/strict';
import { test } from 'node:test';
import { externalUrlOf, hostPolicyOf } from './external-url.ts';

const LOOPBACK = { listen: { host: '127.0.0.1' }, allowedHosts: [], allowedOrigins: [] };
const NETWORK = { ...LOOPBACK, listen: { host: '0.0.0.0' } };
const externalUrl = 'https://mcp.example.com:8443';

test('an external URL that is none is refused', () => {
  for (const url of ['mcp.example.com', 'ftp://mcp.example.com', 'https://mcp.example.com?a=b', 'https://h/#a']) {
    assert.throws(() => externalUrlOf({ ...LOOPBACK, externalUrl: url }), { code: 'invalid_config' });
  }
});

test('its host is served wherever only named hosts are, and makes no list where all are', () => {
  const hostsOf = (reach: Parameters<typeof hostPolicyOf>[0]) => hostPolicyOf(reach).allowedHosts;
  assert.deepEqual(hostsOf({ ...LOOPBACK, externalUrl }), ['mcp.example.com']);
  assert.deepEqual(hostsOf({ ...NETWORK, externalUrl }), []);
  assert.deepEqual(hostsOf({ ...NETWORK, externalUrl, allowedHosts: ['a'] }), ['a', 'mcp.example.com']);
});
