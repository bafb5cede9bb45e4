import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEADERS } from '@mcp-runtime/api';
import { compilePolicy } from '@mcp-runtime/policy';
import { OK_RESULT, callOf, startBench, testDocument } from '../testing/bench.ts';
import { sendJson } from '../testing/upstream.ts';
import { undeclaredIdentity } from './undeclared.ts';

const NOTHING = { hop: false, tokenKeys: false, clientAuthorities: false };

const CASES = [
  { mode: 'header', declared: NOTHING, fault: /identity headers .*, and nobody is declared/ },
  { mode: ' ', declared: NOTHING, fault: /identity headers .*, and nobody is declared/ },
  { mode: ' Header ', declared: { ...NOTHING, clientAuthorities: true }, fault: /nobody is declared/ },
  { mode: 'header', declared: { ...NOTHING, hop: true }, fault: undefined },
  { mode: 'header', declared: { ...NOTHING, tokenKeys: true }, fault: undefined },
  { mode: 'mtls', declared: { ...NOTHING, hop: true, tokenKeys: true }, fault: /no authority for them is given/ },
  { mode: 'mtls', declared: { ...NOTHING, clientAuthorities: true }, fault: undefined },
  { mode: 'oauth', declared: NOTHING, fault: undefined },
  { mode: 'none', declared: NOTHING, fault: undefined },
] as const;

test('where nobody could prove who they are, that is said, with what to do', () => {
  for (const { mode, declared, fault } of CASES) {
    const policy = compilePolicy(testDocument({ auth: { mode, issuer_url: 'https://i', trust_domain: 'd' } }));
    const found = undeclaredIdentity(policy, declared);
    if (fault === undefined) assert.equal(found, undefined, mode);
    else assert.match(`${found?.code}: ${found?.message}`, fault, mode);
    assert.equal(found === undefined, found?.next === undefined);
  }
});

test('identity headers are believed at the listener of the declared hop, and at no other', async () => {
  await using bench = await startBench({
    document: testDocument({ auth: { mode: 'header' }, session: { required: false } }),
    answer: (_, response) => sendJson(response, OK_RESULT),
    options: { trustedListen: { host: '127.0.0.1', port: 0 } },
  });
  const headers = { [HEADERS.humanId]: 'alice', [HEADERS.agentId]: 'agent', 'content-type': 'application/json' };
  const ask = async (origin: string | undefined): Promise<string> => {
    const url = bench.url.replace(bench.gateway.url, origin ?? '');
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(callOf('read')) });
    return answer.text();
  };
  assert.match(await ask(bench.gateway.trustedUrl), /"ok"/);
  assert.match(await ask(bench.gateway.url), /untrusted_identity_headers/);
  assert.equal(bench.upstream.seen.length, 1);
});
