import assert from 'node:assert/strict';
import { X509Certificate, hash } from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';
import { generateKeyPair } from 'jose';
import { type Bench, OK_RESULT, callOf, startBench, testDocument } from '../testing/bench.ts';
import { type TestCertificate, createTestAuthority } from '../testing/certificates.ts';
import { askOverTls } from '../testing/https.ts';
import { type TestIssuer, startTestIssuer } from '../testing/issuer.ts';
import { type ProofChange, type TestProver, createTestProver } from '../testing/proof.ts';
import { openTlsFolder } from '../testing/tls-folder.ts';
import { type TokenSigner, createTokenSigner } from '../testing/token-signer.ts';
import { sendJson } from '../testing/upstream.ts';
import { holdTokenKeys } from './token-keys.ts';

const EXTERNAL = 'https://mcp.example.com';
const ENDPOINT = `${EXTERNAL}/files/mcp`;
const CHALLENGE = 'DPoP realm="mcp-runtime", algs="ES256 ES384 EdDSA Ed25519"';
let opened: AsyncDisposableStack;
let bench: Bench;
let signer: TokenSigner;
let prover: TestProver;
let now: number;

beforeEach(async () => {
  opened = new AsyncDisposableStack();
  now = Date.now();
  signer = await createTokenSigner('k');
  prover = await createTestProver();
  bench = opened.use(
    await startBench({
      answer: (_, response) => sendJson(response, OK_RESULT),
      document: testDocument(),
      options: {
        tokenKeys: holdTokenKeys({ keys: [signer.key] }),
        externalUrl: EXTERNAL,
        allowedHosts: ['127.0.0.1'],
        clock: () => now,
      },
    }),
  );
});

afterEach(() => opened.disposeAsync());

interface Answered {
  readonly status: number;
  readonly challenge: string | null;
  readonly reason: string | undefined;
}

async function post(headers: Readonly<Record<string, string>>, to = bench): Promise<Answered> {
  const { status, headers: answered } = await to.post(callOf('read'), headers);
  return { status, challenge: answered.get('www-authenticate'), reason: to.events.at(-1)?.payload.reason };
}

const bound = (jkt = prover.jkt): Promise<string> => signer.sign({ cnf: { jkt } });

test('a token that is bound to a key holds with a proof of it, by every algorithm that is allowed', async () => {
  for (const algorithm of ['ES256', 'ES384', 'EdDSA'] as const) {
    const other = await createTestProver(algorithm);
    const token = await bound(other.jkt);
    const proof = await other.prove(ENDPOINT, token);
    assert.equal((await post({ authorization: `DPoP ${token}`, dpop: proof })).reason, 'allowed', algorithm);
  }
});

test('the URL of a proof is compared without query and fragment, whatever the case of scheme and host', async () => {
  for (const htu of ['HTTPS://MCP.example.com:443/files/mcp', `${ENDPOINT}?a=b`, `${ENDPOINT}#c`]) {
    const token = await bound();
    const proof = await prover.prove(htu, token);
    assert.equal((await post({ authorization: `dpop ${token}`, dpop: proof })).reason, 'allowed', htu);
  }
});

const seconds = (): number => Math.floor(Date.now() / 1000);

const BAD_PROOFS: readonly { readonly what: string; readonly change: () => Promise<ProofChange> | ProofChange }[] = [
  { what: 'of another type', change: () => ({ header: { typ: 'JWT' } }) },
  { what: 'without a type', change: () => ({ header: { typ: undefined } }) },
  { what: 'without a key', change: () => ({ header: { jwk: undefined } }) },
  { what: 'with a private key', change: () => ({ header: { jwk: prover.privateJwk } }) },
  {
    what: 'with the key of somebody else',
    change: async () => ({ header: { jwk: (await createTestProver()).privateJwk } }),
  },
  {
    what: 'that another key signed',
    change: async () => ({ signedBy: (await generateKeyPair('ES256')).privateKey }),
  },
  { what: 'with a critical header that nobody knows', change: () => ({ header: { crit: ['x'], x: 1 } }) },
  { what: 'for another method', change: () => ({ claims: { htm: 'GET' } }) },
  { what: 'for a method in another case', change: () => ({ claims: { htm: 'post' } }) },
  { what: 'for another endpoint', change: () => ({ claims: { htu: `${EXTERNAL}/other/mcp` } }) },
  { what: 'for another host', change: () => ({ claims: { htu: 'https://evil.example/files/mcp' } }) },
  { what: 'for another scheme', change: () => ({ claims: { htu: 'http://mcp.example.com/files/mcp' } }) },
  { what: 'for a URL with a user', change: () => ({ claims: { htu: 'https://a@mcp.example.com/files/mcp' } }) },
  { what: 'for no URL', change: () => ({ claims: { htu: '/files/mcp' } }) },
  { what: 'for another token', change: () => ({ claims: { ath: 'x'.repeat(43) } }) },
  { what: 'for no token', change: () => ({ claims: { ath: undefined } }) },
  { what: 'without an id', change: () => ({ claims: { jti: undefined } }) },
  { what: 'with an id that is too long', change: () => ({ claims: { jti: 'x'.repeat(257) } }) },
  { what: 'that is too old', change: () => ({ claims: { iat: seconds() - 62 } }) },
  { what: 'from the future', change: () => ({ claims: { iat: seconds() + 40 } }) },
  { what: 'without a time', change: () => ({ claims: { iat: undefined } }) },
  { what: 'whose time is a text', change: () => ({ claims: { iat: 'now' } }) },
];

for (const { what, change } of BAD_PROOFS) {
  test(`a proof ${what} is refused, and the challenge says that it is the proof`, async () => {
    const token = await bound();
    const proof = await prover.prove(ENDPOINT, token, await change());
    const answered = await post({ authorization: `DPoP ${token}`, dpop: proof });
    assert.deepEqual(answered, {
      status: 401,
      challenge: `${CHALLENGE}, error="invalid_dpop_proof"`,
      reason: 'invalid_dpop_proof',
    });
    assert.equal(bench.upstream.seen.length, 0);
  });
}

test('an algorithm that is not allowed is refused, whatever it signs', async () => {
  const rsa = await createTestProver('RS256');
  const token = await bound(rsa.jkt);
  const proof = await rsa.prove(ENDPOINT, token);
  assert.equal((await post({ authorization: `DPoP ${token}`, dpop: proof })).reason, 'invalid_dpop_proof');
  const unsigned = `${Buffer.from('{"typ":"dpop+jwt","alg":"none"}').toString('base64url')}.e30.`;
  assert.equal((await post({ authorization: `DPoP ${token}`, dpop: unsigned })).reason, 'invalid_dpop_proof');
});

test('a proof counts once, also with a token that was issued later', async () => {
  const token = await bound();
  const proof = await prover.prove(ENDPOINT, token);
  assert.equal((await post({ authorization: `DPoP ${token}`, dpop: proof })).reason, 'allowed');
  assert.equal((await post({ authorization: `DPoP ${token}`, dpop: proof })).reason, 'invalid_dpop_proof');
  const sameId = await prover.prove(ENDPOINT, token, { claims: { jti: 'a' } });
  assert.equal((await post({ authorization: `DPoP ${token}`, dpop: sameId })).reason, 'allowed');
  const again = await prover.prove(ENDPOINT, token, { claims: { jti: 'a', iat: seconds() - 1 } });
  assert.equal((await post({ authorization: `DPoP ${token}`, dpop: again })).reason, 'invalid_dpop_proof');
});

test('two proofs in one request are none', async () => {
  const token = await bound();
  const proofs = [await prover.prove(ENDPOINT, token), await prover.prove(ENDPOINT, token)];
  const answered = await post({ authorization: `DPoP ${token}`, dpop: proofs.join(', ') });
  assert.equal(answered.reason, 'invalid_dpop_proof');
});

test('a bound token without proof is refused: as Bearer it is the token that is misused', async () => {
  const token = await bound();
  assert.deepEqual(await post({ authorization: `DPoP ${token}` }), {
    status: 401,
    challenge: `${CHALLENGE}, error="invalid_dpop_proof"`,
    reason: 'invalid_dpop_proof',
  });
  const proof = await prover.prove(ENDPOINT, token);
  for (const headers of [{}, { dpop: proof }]) {
    assert.deepEqual(await post({ authorization: `Bearer ${token}`, ...headers }), {
      status: 401,
      challenge: `${CHALLENGE}, error="invalid_token"`,
      reason: 'invalid_dpop_proof',
    });
  }
});

test('a token that is bound to nothing is no DPoP token', async () => {
  const token = await signer.sign();
  const proof = await prover.prove(ENDPOINT, token);
  assert.deepEqual(await post({ authorization: `DPoP ${token}`, dpop: proof }), {
    status: 401,
    challenge: `${CHALLENGE}, error="invalid_token"`,
    reason: 'invalid_token',
  });
});

for (const cnf of [{}, { kid: 'x' }, { jkt: 'short' }, { jkt: 1 }, { 'x5t#S256': 'x'.repeat(43), other: 1 }]) {
  test(`a token whose confirmation is ${JSON.stringify(cnf)} is invalid: it cannot be checked`, async () => {
    const token = await signer.sign({ cnf });
    assert.equal((await post({ authorization: `Bearer ${token}` })).reason, 'invalid_token');
  });
}

test('a token that is bound to a certificate is refused on a connection without it', async () => {
  const token = await signer.sign({ cnf: { 'x5t#S256': 'x'.repeat(43) } });
  assert.deepEqual(await post({ authorization: `Bearer ${token}` }), {
    status: 401,
    challenge: 'Bearer realm="mcp-runtime", error="invalid_token"',
    reason: 'certificate_mismatch',
  });
});

test('a token that is bound to a certificate holds on connections with that certificate, and on no other', async () => {
  const [servers, clients] = [createTestAuthority('servers'), createTestAuthority('clients')];
  const [mine, other] = [clients.issue({ uris: [] }), clients.issue({ uris: [] })];
  const files = opened.use(await openTlsFolder(servers.issue({ dns: ['localhost'] }), clients.cert));
  const secure = opened.use(
    await startBench({
      answer: (_, response) => sendJson(response, OK_RESULT),
      document: testDocument(),
      options: {
        tokenKeys: holdTokenKeys({ keys: [signer.key] }),
        listen: { host: 'localhost', port: 0 },
        tls: { files: files.paths, clientCertificates: 'optional' },
      },
    }),
  );
  const thumbprint = hash('sha256', new X509Certificate(mine.cert).raw, 'base64url');
  const token = await signer.sign({ cnf: { 'x5t#S256': thumbprint } });
  const reasonFor = async (as?: TestCertificate): Promise<string | undefined> => {
    const ask = { ca: servers.cert, body: callOf('read'), headers: { authorization: `Bearer ${token}` } };
    await askOverTls(secure.url, as === undefined ? ask : { ...ask, as });
    return secure.events.at(-1)?.payload.reason;
  };
  assert.equal(await reasonFor(mine), 'allowed');
  assert.equal(await reasonFor(other), 'certificate_mismatch');
  assert.equal(await reasonFor(), 'certificate_mismatch');
});

test('an access token of an issuer is bound in the same way', async () => {
  const issuer: TestIssuer = opened.use(await startTestIssuer());
  const auth = { mode: 'oauth', issuer_url: issuer.url, audience: 'files' };
  const other = opened.use(
    await startBench({
      answer: (_, response) => sendJson(response, OK_RESULT),
      document: testDocument({ auth }),
    }),
  );
  const token = await issuer.token('files', { claims: { cnf: { jkt: prover.jkt } } });
  const proof = await prover.prove(other.url, token);
  assert.equal((await post({ authorization: `DPoP ${token}`, dpop: proof }, other)).reason, 'allowed');
  const answered = await post({ authorization: `Bearer ${token}` }, other);
  assert.equal(answered.reason, 'invalid_dpop_proof');
  assert.match(answered.challenge ?? '', /^DPoP realm="mcp-runtime", resource_metadata="[^"]+", algs=/);
});
