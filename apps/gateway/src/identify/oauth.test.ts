import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { type AuditPayload, HEADERS, type PolicyDocument } from '@mcp-runtime/api';
import { type JWK, exportJWK } from 'jose';
import { type GatewayOptions } from '../options.ts';
import { type Bench, answersOk, callOf, startBench, testDocument } from '../testing/bench.ts';
import { type TestIssuer, type TokenChange, startTestIssuer } from '../testing/issuer.ts';
import { sendJson } from '../testing/upstream.ts';

interface OauthBench extends AsyncDisposable {
  readonly issuer: TestIssuer;
  readonly bench: Bench;
  /** Calls the tool that Alice's agent may use, and tells the status and the reason. */
  readonly call: (token: string, headers?: Readonly<Record<string, string>>) => Promise<Answered>;
  /** A token for this endpoint. */
  readonly token: (change?: TokenChange) => Promise<string>;
}

interface Answered {
  readonly status: number;
  readonly reason: string;
  readonly challenge: string | null;
}

interface Given {
  readonly issuer?: TestIssuer;
  readonly auth?: PolicyDocument['auth'];
  readonly change?: Partial<PolicyDocument>;
  readonly options?: Partial<GatewayOptions>;
}

async function startOauth({ issuer: given, auth = {}, change = {}, options = {} }: Given = {}): Promise<OauthBench> {
  const issuer = given ?? (await startTestIssuer());
  const document = testDocument({ auth: { mode: 'oauth', issuer_url: issuer.url, ...auth }, ...change });
  const bench = await startBench({ answer: answersOk, document, options });
  return {
    issuer,
    bench,
    token: (change) => issuer.token(bench.url, change),
    call: async (token, headers = {}) => {
      const response = await bench.post(callOf('read'), { authorization: `Bearer ${token}`, ...headers });
      return answered(response);
    },
    [Symbol.asyncDispose]: async () => {
      await bench[Symbol.asyncDispose]();
      await issuer[Symbol.asyncDispose]();
    },
  };
}

async function answered(response: Response): Promise<Answered> {
  const body: { error?: { data: { reason: string } } } = JSON.parse(await response.text());
  const challenge = response.headers.get('www-authenticate');
  return { status: response.status, reason: body.error?.data.reason ?? 'allowed', challenge };
}

test('a token of the issuer for this endpoint opens it, and its claims are the identity', async () => {
  await using oauth = await startOauth();
  const { status, reason } = await oauth.call(await oauth.token());
  assert.deepEqual([status, reason], [200, 'allowed']);
  assert.equal(oauth.bench.upstream.seen[0]?.headers['authorization'], undefined);
  const { human_id, agent_id, session_id, identity_source } = payloadOf(oauth.bench);
  assert.deepEqual([human_id, agent_id, session_id, identity_source], ['alice', 'agent', 's1', 'token']);
});

function payloadOf(bench: Bench): AuditPayload {
  const [event] = bench.events;
  assert.ok(event !== undefined);
  return event.payload;
}

const now = (): number => Math.floor(Date.now() / 1000);
const forged = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

const INVALID_TOKENS: readonly (readonly [what: string, token: (oauth: OauthBench) => Promise<string>])[] = [
  ['that is garbage', async () => 'abc'],
  ['of three garbage parts', async () => 'a.b.c'],
  ['that is too long', async () => 'a'.repeat(17_000)],
  ['for another endpoint', ({ token, bench }) => token({ claims: { aud: `${bench.gateway.url}/other/mcp` } })],
  ['for nobody', ({ token }) => token({ claims: { aud: [] } })],
  ['of another issuer', ({ token }) => token({ claims: { iss: 'https://issuer.example.com' } })],
  ['whose issuer differs by a slash', ({ token, issuer }) => token({ claims: { iss: `${issuer.url}/` } })],
  ['that has expired', ({ token }) => token({ claims: { exp: now() - 1 } })],
  ['that never expires', ({ token }) => token({ claims: { exp: undefined } })],
  ['that is not valid yet', ({ token }) => token({ claims: { nbf: now() + 300 } })],
  ['that was issued in the future', ({ token }) => token({ claims: { iat: now() + 300 } })],
  ['whose subject is no text', ({ token }) => token({ claims: { tid: 7 } })],
  ['that is another kind of token', ({ token }) => token({ header: { typ: 'logout+jwt' } })],
  ['signed by another key', ({ token }) => token({ key: forged })],
  ['of an unknown key', ({ token }) => token({ header: { kid: 'other' } })],
  ['without a signature', async (oauth) => unsigned(await oauth.token())],
  ['signed with the public key as a secret', async (oauth) => confused(oauth)],
  ['of the runtime for its own session mode', ({ bench }) => bench.token()],
];

function unsigned(token: string): string {
  const [, payload] = token.split('.');
  return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
}

/** CVE-2015-9235: what everybody can read is used as the shared secret. */
async function confused({ issuer, token }: OauthBench): Promise<string> {
  const { keys }: { keys: JWK[] } = JSON.parse(await (await fetch(`${issuer.url}/keys`)).text());
  const pem = createPublicKey({ key: keys[0] ?? {}, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  return token({ header: { alg: 'HS256' }, key: Buffer.from(pem) });
}

for (const [what, token] of INVALID_TOKENS) {
  test(`a token ${what} is refused, and the challenge says so`, async () => {
    await using oauth = await startOauth();
    const { status, reason, challenge } = await oauth.call(await token(oauth));
    assert.deepEqual([status, reason], [401, 'invalid_token']);
    const metadata = `${oauth.bench.gateway.url}/.well-known/oauth-protected-resource/files/mcp`;
    assert.equal(challenge, `Bearer realm="mcp-runtime", resource_metadata="${metadata}", error="invalid_token"`);
    assert.equal(oauth.bench.upstream.seen.length, 0);
    assert.equal(payloadOf(oauth.bench).human_id, '');
  });
}

test('without a token the challenge names no error, whatever identity headers say', async () => {
  await using oauth = await startOauth({ options: { trustHeadersFrom: ['127.0.0.0/8'] } });
  const identity = { [HEADERS.humanId]: 'alice', [HEADERS.agentId]: 'agent' };
  for (const headers of [identity, { ...identity, authorization: 'Basic YTpi' }]) {
    const { reason, challenge } = await answered(await oauth.bench.post(callOf('read'), headers));
    assert.equal(reason, 'missing_bearer_token');
    assert.match(challenge ?? '', /^Bearer realm="mcp-runtime", resource_metadata="[^"]+"$/);
  }
});

test('every method is asked for a token, streams and openings too', async () => {
  await using oauth = await startOauth({ change: { policy: { mode: 'observe', enforce_on: 'call_tool' } } });
  const opening = await oauth.bench.post({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} });
  const stream = await fetch(oauth.bench.url, { headers: { accept: 'text/event-stream' } });
  const end = await fetch(oauth.bench.url, { method: 'DELETE' });
  assert.deepEqual([opening.status, stream.status, end.status], [401, 401, 401]);
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const SIGNERS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((alg) => ({ alg, ...rsa })),
  { alg: 'ES256', ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) },
  { alg: 'ES384', ...generateKeyPairSync('ec', { namedCurve: 'P-384' }) },
  { alg: 'ES512', ...generateKeyPairSync('ec', { namedCurve: 'P-521' }) },
  { alg: 'EdDSA', ...generateKeyPairSync('ed25519') },
];

test('every asymmetric algorithm in use is taken, with and without a key id', async () => {
  await using oauth = await startOauth();
  const published = await Promise.all(SIGNERS.map(({ publicKey }) => exportJWK(publicKey)));
  const unusable = [{ kty: 'oct', k: 'AAAA', kid: 'ES256' }, { kty: 'new' }, 'no key'];
  const keys = [...unusable, ...published.map((jwk, at) => ({ ...jwk, kid: SIGNERS[at]?.alg }))];
  oauth.issuer.documents.set('/keys', (response) => sendJson(response, { keys }));
  for (const { alg, privateKey: key } of SIGNERS) {
    const named = await oauth.call(await oauth.token({ header: { alg, kid: alg }, key }));
    const unnamed = await oauth.call(await oauth.token({ header: { alg, kid: undefined }, key }));
    assert.deepEqual([named.reason, unnamed.reason], ['allowed', 'allowed'], alg);
  }
});

test('where the policy names an audience, that one counts and the own URL does not', async () => {
  await using oauth = await startOauth({ auth: { audience: 'mcp' } });
  const of = async (aud: string | string[]) => (await oauth.call(await oauth.token({ claims: { aud } }))).reason;
  assert.deepEqual(
    [await of('mcp'), await of(['other', 'mcp']), await of(oauth.bench.url), await of('MCP')],
    ['allowed', 'allowed', 'invalid_token', 'invalid_token'],
  );
});

test('the own URL is the external one where there is one, never what the Host header says', async () => {
  await using oauth = await startOauth({ options: { externalUrl: 'https://mcp.example.com/gw/' } });
  const of = async (aud: string) => (await oauth.call(await oauth.token({ claims: { aud } }))).reason;
  assert.deepEqual(
    [await of('https://mcp.example.com/gw/files/mcp'), await of(oauth.bench.url)],
    ['allowed', 'invalid_token'],
  );
});

const CLAIMS: readonly (readonly [claims: Record<string, unknown>, identity: readonly string[]])[] = [
  [{ azp: 'a', client_id: 'c', team_id: 't', tenant_id: 'u', tid: 'v' }, ['alice', 'a', 't', 's1']],
  [{ azp: '', client_id: 'c', tenant_id: 'u', tid: 'v' }, ['alice', 'c', 'u', 's1']],
  [{ azp: undefined, tid: 'v', sid: undefined }, ['alice', '', 'v', 'of-header']],
];

test('agent, team and session come from the first claim that says something; the session else from its header', async () => {
  await using oauth = await startOauth({ change: { policy: { mode: 'observe' } } });
  const header = { [HEADERS.agentSession]: 'of-header', [HEADERS.humanId]: 'mallory', [HEADERS.teamId]: 'x' };
  for (const [claims] of CLAIMS) await oauth.call(await oauth.token({ claims }), header);
  assert.deepEqual(
    oauth.bench.events.map(({ payload: { human_id, agent_id, subject_team_id, session_id } }) => [
      human_id,
      agent_id,
      subject_team_id,
      session_id,
    ]),
    CLAIMS.map(([, identity]) => identity),
  );
});

test('a policy that names no issuer opens to nobody', async () => {
  await using oauth = await startOauth({ auth: { issuer_url: ' ' } });
  const { status, reason } = await oauth.call(await oauth.token());
  assert.deepEqual([status, reason], [503, 'oauth_issuer_missing']);
});

test('the session of somebody else is none', async () => {
  await using oauth = await startOauth();
  const bob = await oauth.token({ claims: { sub: 'bob', sid: undefined } });
  const { reason, challenge } = await oauth.call(bob, { [HEADERS.agentSession]: 's1' });
  assert.equal(reason, 'session_not_found');
  assert.doesNotMatch(challenge ?? '', /error=/);
});

test('a token in the header that the policy names counts, and one in another header does not', async () => {
  await using oauth = await startOauth({ auth: { token_header: 'X-Access-Token' } });
  const token = await oauth.token();
  const raw = await answered(await oauth.bench.post(callOf('read'), { 'x-access-token': token }));
  assert.deepEqual([raw.reason, (await oauth.call(token)).reason], ['allowed', 'missing_bearer_token']);
});

test('the readiness check of the runtime may look, also while the issuer is away', async () => {
  const issuer = await startTestIssuer();
  await using oauth = await startOauth({ issuer, auth: { token_header: 'X-Access-Token' } });
  issuer.documents.clear();
  const authorization = `Bearer ${await oauth.bench.token({ token_use: 'probe' })}`;
  const looked = await oauth.bench.post({ jsonrpc: '2.0', id: 1, method: 'ping' }, { authorization });
  assert.equal(looked.status, 200);
  assert.equal((await answered(await oauth.bench.post(callOf('read'), { authorization }))).reason, 'unknown_method');
});

interface Recorded {
  readonly id: string;
  readonly provider: 'up' | 'unreachable';
  readonly policy: PolicyDocument;
  readonly request: { readonly headers: [string, string][]; readonly body: string };
  readonly expect: {
    readonly status: number;
    readonly reason: string;
    readonly challenge: string | null;
    readonly audit: Readonly<Record<string, string | number>>;
  };
}

const RECORDED: readonly Recorded[] = JSON.parse(
  await readFile(new URL('testdata/recorded-oauth.json', import.meta.url), 'utf8'),
);

/** The server is the route's, which is the bench's; of a tool only a call is recorded, and its risk once policy was asked. */
const OF_OTHERS: ReadonlySet<string> = new Set(['server', 'namespace', 'tool_name', 'risk_level']);

for (const { id, provider, policy, request, expect } of RECORDED) {
  test(`recorded example ${id} is answered and recorded as it was`, async () => {
    await using issuer = await startTestIssuer();
    const issuer_url = provider === 'up' ? issuer.url : 'http://127.0.0.1:1';
    const document = { ...policy, auth: { ...policy.auth, issuer_url } };
    const options = { externalUrl: 'http://gateway.example' };
    await using bench = await startBench({ answer: answersOk, document, options, path: '/mcp' });
    const headers = request.headers.map(([name, value]) => [name.toLowerCase(), value]);
    const response = await bench.post(request.body, Object.fromEntries(headers));
    assert.deepEqual(await answered(response), {
      status: expect.status,
      reason: expect.reason,
      challenge: expect.challenge,
    });
    const payload: Readonly<Record<string, unknown>> = { ...payloadOf(bench) };
    const compared = Object.entries(expect.audit).filter(([name]) => !OF_OTHERS.has(name));
    for (const [name, value] of compared) assert.equal(payload[name], value, name);
  });
}
