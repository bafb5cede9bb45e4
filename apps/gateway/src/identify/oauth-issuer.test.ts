import assert from 'node:assert/strict';
import { type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { silentLogger } from '@mcp-runtime/base';
import { type TestIssuer, startTestIssuer } from '../testing/issuer.ts';
import { sendJson } from '../testing/upstream.ts';
import { createOauthVerifier } from './oauth-verifier.ts';

const AUDIENCE = 'https://mcp.example.com/files/mcp';
const MINUTE = 60_000;

/** Verifies tokens of a test issuer, at a time that the test moves. */
function verifierOf({ url }: { readonly url: string }) {
  const time = { now: Date.now() };
  const verifier = createOauthVerifier({ clock: () => time.now, log: silentLogger, readSecret: async () => undefined });
  return {
    kindOf: async (token: string) => (await verifier.verify(token, { issuer: url, audience: AUDIENCE })).kind,
    after: (ms: number): void => void (time.now += ms),
  };
}

/** A token that outlives every test. */
function tokenOf(issuer: TestIssuer): Promise<string> {
  return issuer.token(AUDIENCE, { claims: { exp: Math.floor(Date.now() / 1000) + 86_400 } });
}

const METADATA = '/.well-known/oauth-authorization-server';

test('keys are read once for many tokens at once, and again after ten minutes', async () => {
  await using issuer = await startTestIssuer();
  const { kindOf, after } = verifierOf(issuer);
  const tokens = await Promise.all(Array.from({ length: 20 }, () => tokenOf(issuer)));
  const kinds = await Promise.all(tokens.map(kindOf));
  assert.ok(kinds.every((kind) => kind === 'valid'));
  assert.deepEqual(issuer.asked, [METADATA, '/keys']);
  after(11 * MINUTE);
  assert.equal(await kindOf(tokens[0] ?? ''), 'valid');
  assert.equal(issuer.asked.length, 4);
});

test('an accepted token is refused once it has expired, or its key is withdrawn', async () => {
  await using issuer = await startTestIssuer();
  const { kindOf, after } = verifierOf(issuer);
  const short = await issuer.token(AUDIENCE);
  const long = await tokenOf(issuer);
  assert.deepEqual([await kindOf(short), await kindOf(long)], ['valid', 'valid']);
  after(10 * MINUTE + 1000);
  assert.deepEqual([await kindOf(short), await kindOf(long)], ['invalid', 'valid']);
  await issuer.rotate();
  after(11 * MINUTE);
  assert.equal(await kindOf(long), 'invalid');
});

test('a new key is found at its first token, and unknown keys make no storm', async () => {
  await using issuer = await startTestIssuer();
  const { kindOf, after } = verifierOf(issuer);
  const old = await tokenOf(issuer);
  assert.equal(await kindOf(old), 'valid');
  await issuer.rotate();
  const rotated = await Promise.all([tokenOf(issuer), tokenOf(issuer)]);
  assert.deepEqual(await Promise.all(rotated.map(kindOf)), ['valid', 'valid']);
  assert.equal(issuer.asked.length, 4);
  await issuer.rotate();
  const next = await tokenOf(issuer);
  for (let turn = 0; turn < 10; turn++) assert.equal(await kindOf(next), 'invalid');
  assert.equal(issuer.asked.length, 4);
  after(31_000);
  assert.equal(await kindOf(next), 'valid');
  assert.equal(await kindOf(old), 'invalid');
});

test('an issuer that is away is asked again after some seconds, and known keys outlive an hour of it', async () => {
  await using issuer = await startTestIssuer();
  const { kindOf, after } = verifierOf(issuer);
  const documents = [...issuer.documents];
  const goes = (): void => issuer.documents.clear();
  const comes = (): void => documents.forEach(([path, serve]) => issuer.documents.set(path, serve));
  const token = await tokenOf(issuer);
  goes();
  assert.equal(await kindOf(token), 'unavailable');
  comes();
  assert.equal(await kindOf(token), 'unavailable');
  after(6000);
  assert.equal(await kindOf(token), 'valid');
  goes();
  after(59 * MINUTE);
  assert.equal(await kindOf(token), 'valid');
  after(2 * MINUTE);
  assert.equal(await kindOf(token), 'unavailable');
});

const PLACES = [
  '/tenant/.well-known/oauth-authorization-server',
  '/tenant/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server/tenant',
  '/.well-known/openid-configuration/tenant',
];

test('metadata is looked for in every place, in order, and only that of the issuer itself counts', async () => {
  for (const [at, place] of PLACES.entries()) {
    await using issuer = await startTestIssuer({ path: '/tenant' });
    issuer.documents.delete(PLACES[0] ?? '');
    const origin = new URL(issuer.url).origin;
    const wrong = { issuer: origin, jwks_uri: `${origin}/other-keys` };
    for (const earlier of PLACES.slice(0, at)) {
      issuer.documents.set(earlier, (response) => sendJson(response, wrong));
    }
    issuer.documents.set(place, (response) => sendJson(response, { issuer: issuer.url, jwks_uri: `${origin}/keys` }));
    assert.equal(await verifierOf(issuer).kindOf(await tokenOf(issuer)), 'valid');
    assert.deepEqual(issuer.asked, [...PLACES.slice(0, at + 1), '/keys']);
  }
});

const redirect = (response: ServerResponse): void => void response.writeHead(302, { location: '/elsewhere' }).end();
const endless = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const more = (): void => {
    while (response.write(' '.repeat(65_536)));
  };
  response.on('drain', more);
  more();
};

const BAD_KEYS: readonly (readonly [what: string, serve: (response: ServerResponse) => void])[] = [
  ['a redirect', redirect],
  ['an endless document', endless],
  ['no JSON', (response) => void response.end('hello')],
  ['no key set', (response) => sendJson(response, { keys: 'k' })],
  ['an error', (response) => void response.writeHead(500).end()],
  ['a broken connection', (response) => void response.destroy()],
];

for (const [what, serve] of BAD_KEYS) {
  test(`${what} in the place of the keys makes the issuer unavailable`, async () => {
    await using issuer = await startTestIssuer();
    const keys = issuer.documents.get('/keys');
    assert.ok(keys !== undefined);
    issuer.documents.set('/elsewhere', keys);
    issuer.documents.set('/keys', serve);
    assert.equal(await verifierOf(issuer).kindOf(await tokenOf(issuer)), 'unavailable');
    assert.ok(!issuer.asked.includes('/elsewhere'));
  });
}

const FORBIDDEN_KEY_PLACES = (other: TestIssuer): readonly string[] => [
  `${other.url}/keys`,
  `https://127.0.0.2:${new URL(other.url).port}/keys`,
  `https://[::1]:${new URL(other.url).port}/keys`,
  `https://[::ffff:127.0.0.1]:${new URL(other.url).port}/keys`,
  `https://localhost:${new URL(other.url).port}/keys`,
  'https://169.254.169.254/latest/meta-data',
  'https://10.0.0.1/keys',
  'file:///etc/passwd',
  'keys',
];

test('metadata cannot send the gateway to another address of its own network', async () => {
  await using other = await startTestIssuer();
  await using issuer = await startTestIssuer();
  for (const jwks_uri of FORBIDDEN_KEY_PLACES(other)) {
    issuer.documents.set(METADATA, (response) => sendJson(response, { issuer: issuer.url, jwks_uri }));
    assert.equal(await verifierOf(issuer).kindOf(await tokenOf(issuer)), 'unavailable', jwks_uri);
  }
  assert.deepEqual(other.asked, []);
});

test('an issuer is an https URL, or an http one of this machine', async () => {
  await using issuer = await startTestIssuer();
  const token = await tokenOf(issuer);
  for (const url of ['http://issuer.example.com', 'issuer', `${issuer.url}?a=b`, `${issuer.url}/#a`, 'file:///keys']) {
    assert.equal(await verifierOf({ url }).kindOf(token), 'unavailable', url);
  }
  assert.deepEqual(issuer.asked, []);
});
