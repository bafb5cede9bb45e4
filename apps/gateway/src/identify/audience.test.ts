import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PolicyDocument } from '@mcp-runtime/api';
import { Secret } from '@mcp-runtime/base';
import { compilePolicy } from '@mcp-runtime/policy';
import { holdPolicy } from '../policy-source/holder.ts';
import { type Bench, OK_RESULT, callOf, startBench, testDocument } from '../testing/bench.ts';
import { startTestIssuer } from '../testing/issuer.ts';
import { sendJson } from '../testing/upstream.ts';

/** A gateway with two servers under the same rules: the one of `startBench`, and `/other/mcp`. */
async function startTwo(auth: NonNullable<PolicyDocument['auth']>): Promise<Bench> {
  const bench = await startBench({
    answer: (_, response) => sendJson(response, OK_RESULT),
    document: testDocument({ auth }),
    options: { readSecret: async () => new Secret('s') },
  });
  const policy = holdPolicy();
  policy.publish(compilePolicy(testDocument({ auth, server: { name: 'other', namespace: 'mcp-servers' } })));
  const key = { namespace: 'mcp-servers', name: 'other' };
  const audit = { arguments: 'none', strict: false } as const;
  bench.gateway.routes.set({
    path: '/other/mcp',
    key,
    upstream: bench.upstream.url,
    policy,
    audit,
    eventSource: 'other',
  });
  return bench;
}

/** What comes of the same token at the one server, at the other, and at the one again. */
async function verdictsOf(bench: Bench, token: string): Promise<readonly (string | undefined)[]> {
  const verdicts: (string | undefined)[] = [];
  for (const url of [bench.url, `${bench.gateway.url}/other/mcp`, bench.url]) {
    await fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify(callOf('read')),
    });
    verdicts.push(bench.events.at(-1)?.payload.reason);
  }
  return verdicts;
}

const HERE_ONLY = ['allowed', 'invalid_token', 'allowed'];

test('a session token opens its server and no other, also once it is known', async () => {
  await using bench = await startTwo({ mode: 'token' });
  assert.deepEqual(await verdictsOf(bench, await bench.token()), HERE_ONLY);
});

test('an access token opens the endpoint that it names and no other, also once it is known', async () => {
  await using issuer = await startTestIssuer();
  await using bench = await startTwo({ mode: 'oauth', issuer_url: issuer.url });
  assert.deepEqual(await verdictsOf(bench, await issuer.token(bench.url)), HERE_ONLY);
});

test('an opaque token opens the endpoint that its issuer names and no other', async () => {
  await using issuer = await startTestIssuer();
  const introspection = { url: `${issuer.url}/introspect`, client_id: 'g', client_secret_ref: 'a/b' };
  await using bench = await startTwo({ mode: 'oauth', issuer_url: issuer.url, introspection });
  issuer.documents.set('/introspect', (response) =>
    sendJson(response, { active: true, aud: [bench.url], sub: 'alice', client_id: 'agent', sid: 's1' }),
  );
  assert.deepEqual(await verdictsOf(bench, 'opaque'), HERE_ONLY);
});
