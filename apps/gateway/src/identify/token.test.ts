import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type SessionTokenKeys, TOKEN_CLAIMS } from '@mcp-runtime/api';
import { listenOn, silentLogger } from '@mcp-runtime/base';
import { compilePolicy } from '@mcp-runtime/policy';
import { type Bench, OK_RESULT, callOf, startBench, testDocument } from '../testing/bench.ts';
import { type TokenSigner, createTokenSigner } from '../testing/token-signer.ts';
import { sendJson } from '../testing/upstream.ts';
import { type TokenKeyHolder, type TokenKeySource, holdTokenKeys } from './token-keys.ts';
import { watchTokenKeysFile } from './token-keys-file.ts';
import { pollTokenKeysUrl } from './token-keys-url.ts';

const ISSUER = 'urn:mcp-runtime:issuer:a';
let now: number;
let opened: AsyncDisposableStack;
let ed: TokenSigner;
let es: TokenSigner;
let held: TokenKeyHolder;

beforeEach(async () => {
  now = Date.now();
  opened = new AsyncDisposableStack();
  ed = await createTokenSigner('ed');
  es = await createTokenSigner('es', 'ES256');
  held = holdTokenKeys(keysOf(ed, es));
});

afterEach(() => opened.disposeAsync());

function keysOf(...signers: readonly TokenSigner[]): SessionTokenKeys {
  return { issuer: ISSUER, keys: signers.map(({ key }) => key) };
}

async function open(tokenKeys: TokenKeySource = held): Promise<Bench> {
  return opened.use(
    await startBench({
      answer: (_, response) => sendJson(response, OK_RESULT),
      document: testDocument(),
      options: { tokenKeys, clock: () => now },
    }),
  );
}

/** `allowed`, or the reason of the refusal. */
async function verdictOf(bench: Bench, token: string): Promise<string> {
  await bench.post(callOf('read'), { authorization: `Bearer ${token}` });
  return bench.events.at(-1)?.payload.reason ?? '';
}

const sign = (signer: TokenSigner, claims: object = {}): Promise<string> => signer.sign({ iss: ISSUER, ...claims });

test('tokens signed by EdDSA and by ES256 hold', async () => {
  const bench = await open();
  assert.equal(await verdictOf(bench, await sign(ed)), 'allowed');
  assert.equal(await verdictOf(bench, await sign(es)), 'allowed');
});

const REFUSED: readonly { readonly what: string; readonly token: () => Promise<string> }[] = [
  { what: 'of another server', token: () => sign(ed, { aud: 'urn:mcp-runtime:server:mcp-servers/other' }) },
  { what: 'of another installation', token: () => ed.sign({ iss: 'urn:mcp-runtime:issuer:b' }) },
  { what: 'that names no installation', token: () => ed.sign() },
  { what: 'that has expired', token: () => sign(ed, { exp: Math.floor(now / 1000) - 1 }) },
  { what: 'without an end', token: () => sign(ed, { exp: undefined }) },
  { what: 'that is not yet valid', token: () => sign(ed, { nbf: Math.floor(now / 1000) + 60 }) },
  { what: 'of a use that is unknown', token: () => sign(ed, { token_use: 'refresh' }) },
  { what: 'of a key that nobody knows', token: async () => sign(await createTokenSigner('other')) },
  { what: 'of a stranger who uses a known key id', token: async () => sign(await createTokenSigner('ed')) },
  { what: 'of a known key id of another kind', token: async () => sign(await createTokenSigner('ed', 'ES256')) },
  { what: 'whose payload was changed', token: async () => (await sign(ed)).replace(/\.e/, '.f') },
  { what: 'longer than any that we issue', token: () => sign(ed, { more: 'x'.repeat(8192) }) },
];

for (const { what, token } of REFUSED) {
  test(`a token ${what} is refused with a challenge`, async () => {
    const bench = await open();
    const response = await bench.post(callOf('read'), { authorization: `Bearer ${await token()}` });
    assert.equal(response.status, 401);
    assert.equal(response.headers.get('www-authenticate'), 'Bearer realm="mcp-runtime", error="invalid_token"');
    assert.equal(bench.events.at(-1)?.payload.reason, 'invalid_token');
  });
}

test('a token that is known is still refused at another server', async () => {
  const bench = await open();
  const token = await sign(ed);
  assert.equal(await verdictOf(bench, token), 'allowed');
  bench.policy.publish(compilePolicy(testDocument({ server: { name: 'other', namespace: 'mcp-servers' } })));
  assert.equal(await verdictOf(bench, token), 'invalid_token');
});

test('keys that are withdrawn take with them what they proved; a key that retires holds until then', async () => {
  const bench = await open();
  const [old, fresh] = [await sign(ed), await sign(es)];
  assert.equal(await verdictOf(bench, old), 'allowed');
  held.publish({ issuer: ISSUER, keys: [es.key, { ...ed.key, exp: now / 1000 + 60 }] });
  assert.deepEqual([await verdictOf(bench, old), await verdictOf(bench, fresh)], ['allowed', 'allowed']);
  now += 61_000;
  assert.deepEqual([await verdictOf(bench, old), await verdictOf(bench, fresh)], ['invalid_token', 'allowed']);
  held.publish(keysOf(ed));
  assert.deepEqual([await verdictOf(bench, old), await verdictOf(bench, fresh)], ['allowed', 'invalid_token']);
});

test('a session that was revoked is refused whatever its token proved, and lives again with the session', async () => {
  const bench = await open();
  const token = await sign(ed);
  assert.equal(await verdictOf(bench, token), 'allowed');
  const document = testDocument();
  bench.policy.publish(
    compilePolicy({ ...document, sessions: document.sessions?.map((one) => ({ ...one, revoked: true })) ?? [] }),
  );
  assert.equal(await verdictOf(bench, token), 'session_revoked');
  bench.policy.publish(compilePolicy(document));
  assert.equal(await verdictOf(bench, token), 'allowed');
});

test('a gateway without keys says so, and takes no token', async () => {
  const bench = await open(holdTokenKeys());
  const response = await bench.post(callOf('read'), { authorization: `Bearer ${await sign(ed)}` });
  assert.equal(response.status, 503);
  assert.equal(bench.events.at(-1)?.payload.reason, 'token_keys_unavailable');
});

test('a key file is read again when it changes; one that is not valid changes nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'jwks-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const path = join(folder, 'jwks.json');
  const replace = async (text: string): Promise<void> => {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  };
  await replace(JSON.stringify(keysOf(ed)));
  const keys = opened.use(await watchTokenKeysFile({ path, log: silentLogger }));
  const bench = await open(keys);
  const [old, fresh] = [await sign(ed), await sign(es)];
  assert.equal(await verdictOf(bench, old), 'allowed');
  await replace('{"keys":[{"kty":"oct","k":"AA"}]}');
  assert.deepEqual([await verdictOf(bench, fresh), await verdictOf(bench, old)], ['invalid_token', 'allowed']);
  assert.match(keys.fault() ?? '', /must be a JSON Web Key Set/);
  await replace(JSON.stringify(keysOf(es)));
  assert.deepEqual([await verdictOf(bench, fresh), await verdictOf(bench, old)], ['allowed', 'invalid_token']);
});

test('a key file that cannot be read keeps the gateway from starting', async () => {
  await assert.rejects(watchTokenKeysFile({ path: '/nowhere/jwks.json', log: silentLogger }), {
    code: 'invalid_config',
    message: 'the key file `/nowhere/jwks.json` cannot be read',
  });
});

test('keys that somebody on the way could change are not read', async () => {
  for (const url of ['http://keys.example.com/jwks.json', 'http://10.0.0.1/jwks.json', 'ftp://a/b', 'x'])
    await assert.rejects(
      pollTokenKeysUrl({ url, clock: () => now, log: silentLogger }),
      { code: 'invalid_config' },
      url,
    );
});

test('keys at a URL are read again for a key that is missing, but not at every made-up one', async () => {
  let served: object | undefined = keysOf(ed);
  let reads = 0;
  const server = createServer((_, response) => {
    reads += 1;
    if (served === undefined) response.writeHead(500).end();
    else sendJson(response, served);
  });
  const port = await listenOn(server);
  opened.defer(() => void server.close());
  const url = `http://127.0.0.1:${port}/jwks.json`;
  const bench = await open(opened.use(await pollTokenKeysUrl({ url, clock: () => now, log: silentLogger })));
  const [old, fresh] = [await sign(ed), await sign(es)];
  assert.equal(await verdictOf(bench, old), 'allowed');
  served = keysOf(ed, es);
  assert.equal(await verdictOf(bench, fresh), 'invalid_token');
  assert.equal(reads, 1);
  now += 5000;
  assert.equal(await verdictOf(bench, fresh), 'allowed');
  for (let count = 0; count < 5; count++)
    await verdictOf(bench, await sign(await createTokenSigner(`made-up-${count}`)));
  assert.equal(reads, 2);
  served = undefined;
  now += 61_000;
  await verdictOf(bench, await sign(await createTokenSigner('made-up')));
  assert.deepEqual([reads, await verdictOf(bench, old)], [3, 'allowed']);
  now += 60 * 60_000;
  assert.equal(await verdictOf(bench, await sign(ed, { exp: now / 1000 + 60 })), 'token_keys_unavailable');
});

test('a session of that name in another namespace says nothing about the caller', async () => {
  const [tool] = testDocument().tools ?? [];
  assert.ok(tool);
  const [session] = testDocument().sessions ?? [];
  assert.ok(session);
  const sessions = [
    { ...session, namespace: 'a-team', consented_trust: 'high' },
    { ...session, consented_trust: 'low' },
  ] as const;
  const document = testDocument({ tools: [{ ...tool, required_trust: 'medium' }], sessions: [...sessions] });
  const list = { jsonrpc: '2.0', id: 1, result: { tools: [{ name: 'read' }] } };
  const bench = opened.use(await startBench({ document, answer: (_, response) => sendJson(response, list) }));
  const call = async (body: object, namespace: string): Promise<string> => {
    const authorization = `Bearer ${await bench.token({ [TOKEN_CLAIMS.sessionNamespace]: namespace })}`;
    return (await bench.post(body, { authorization })).text();
  };
  const tools = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  for (const _round of ['first', 'remembered']) {
    assert.match(await call(callOf('read'), 'mcp-servers'), /"trust_too_low"/);
    assert.match(await call(tools, 'mcp-servers'), /"tools":\[\]/);
    assert.match(await call(tools, 'a-team'), /"name":"read"/);
  }
  bench.policy.publish(
    compilePolicy({ ...document, revision: 'r2', sessions: [{ ...sessions[0], revoked: true }, sessions[1]] }),
  );
  assert.match(await call(callOf('read'), 'mcp-servers'), /"trust_too_low"/);
  assert.match(await call(callOf('read'), 'a-team'), /"session_revoked"/);
});
