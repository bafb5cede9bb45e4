import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '@mcp-runtime/policy';
import { holdPolicy } from '../policy-source/holder.ts';
import { type Bench, startBench, testDocument } from '../testing/bench.ts';
import { sendJson } from '../testing/upstream.ts';

const ISSUER = 'https://issuer.example.com/tenant';
const OAUTH = testDocument({ auth: { mode: 'oauth', issuer_url: ISSUER } });
const WELL_KNOWN = '/.well-known/oauth-protected-resource';

const start = (document = OAUTH, externalUrl?: string): Promise<Bench> =>
  startBench({
    answer: (_, response) => sendJson(response, {}),
    document,
    options: externalUrl === undefined ? {} : { externalUrl },
  });

const at = (bench: Bench, path: string, method = 'GET'): Promise<Response> =>
  fetch(`${bench.gateway.url}${WELL_KNOWN}${path}`, { method });

function addRoute({ gateway }: Bench, path: string, document = OAUTH): void {
  const policy = holdPolicy();
  policy.publish(compilePolicy(document));
  const key = { namespace: 'mcp-servers', name: 'more' };
  gateway.routes.set({
    path,
    key,
    upstream: undefined,
    policy,
    audit: { arguments: 'none', strict: false },
    eventSource: 'more-gateway',
  });
}

test('the metadata of an endpoint names it as clients call it, and where they get tokens', async () => {
  await using bench = await start();
  const response = await at(bench, '/files/mcp');
  assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'application/json']);
  assert.deepEqual(await response.json(), {
    resource: bench.url,
    authorization_servers: [ISSUER],
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: ['ES256', 'ES384', 'EdDSA', 'Ed25519'],
    resource_name: 'files',
  });
  const head = await at(bench, '/files/mcp', 'HEAD');
  assert.deepEqual([head.status, await head.text()], [200, '']);
});

test('metadata and challenge speak of the external URL where there is one', async () => {
  await using bench = await start(OAUTH, 'https://mcp.example.com');
  const metadata: { resource: string } = JSON.parse(await (await at(bench, '/files/mcp')).text());
  assert.equal(metadata.resource, 'https://mcp.example.com/files/mcp');
  const refused = await bench.post({ jsonrpc: '2.0', id: 1, method: 'ping' });
  assert.equal(
    refused.headers.get('www-authenticate'),
    `Bearer realm="mcp-runtime", resource_metadata="https://mcp.example.com${WELL_KNOWN}/files/mcp"`,
  );
});

test('the bare path speaks for the one endpoint that takes access tokens, and for none of several', async () => {
  await using bench = await start();
  addRoute(bench, '/token/mcp', testDocument());
  assert.equal((await at(bench, '')).status, 200);
  addRoute(bench, '/more/mcp');
  assert.equal((await at(bench, '')).status, 404);
  assert.deepEqual(
    await Promise.all(['/files/mcp', '/more/mcp'].map(async (path) => (await at(bench, path)).status)),
    [200, 200],
  );
});

test('an endpoint of another mode, or none at all, has no metadata', async () => {
  await using bench = await start(testDocument());
  for (const path of ['/files/mcp', '/other', '']) {
    const response = await at(bench, path);
    const { error, adapter_required }: Record<string, unknown> = JSON.parse(await response.text());
    assert.deepEqual([response.status, error, adapter_required], [404, 'oauth_not_enabled', true]);
  }
  const refused = await bench.post({ jsonrpc: '2.0', id: 1, method: 'ping' });
  assert.equal(refused.headers.get('www-authenticate'), 'Bearer realm="mcp-runtime"');
});

test('metadata is read only, and not there while the policy is not', async () => {
  await using bench = await start();
  const posted = await at(bench, '/files/mcp', 'POST');
  assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
  bench.policy.withdraw();
  assert.equal((await at(bench, '/files/mcp')).status, 503);
});
