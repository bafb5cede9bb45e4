import assert from 'node:assert/strict';
import { type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, test } from 'node:test';
import { type PolicyDocument } from '@mcp-runtime/api';
import { type LogFields, Secret, silentLogger } from '@mcp-runtime/base';
import { compilePolicy } from '@mcp-runtime/policy';
import { type Bench, OK_RESULT, callOf, startBench, testDocument } from '../testing/bench.ts';
import { type TestIssuer, startTestIssuer } from '../testing/issuer.ts';
import { sendJson } from '../testing/upstream.ts';

const PATH = '/introspect';
const SECRET = 's3cret with: colon';
let opened: AsyncDisposableStack;
let issuer: TestIssuer;
let now: number;
let asked: { readonly token: string; readonly authorization: string }[];
let logged: string;
/** What the issuer says of a token; what it does not know is not active. */
let says: Map<string, unknown>;

beforeEach(async () => {
  opened = new AsyncDisposableStack();
  issuer = opened.use(await startTestIssuer());
  now = Date.now();
  asked = [];
  logged = '';
  says = new Map();
  issuer.documents.set(PATH, (response) => void answer(response.req, (body) => sendJson(response, body)));
});

afterEach(() => opened.disposeAsync());

async function answer(request: IncomingMessage, send: (body: unknown) => void): Promise<void> {
  const token = new URLSearchParams(await text(request)).get('token') ?? '';
  asked.push({ token, authorization: request.headers.authorization ?? '' });
  send(says.get(token) ?? { active: false });
}

const active = (bench: Bench, change: object = {}): object => ({
  active: true,
  aud: bench.url,
  sub: 'alice',
  client_id: 'agent',
  sid: 's1',
  exp: Math.floor(now / 1000) + 600,
  ...change,
});

function documentWith(auth: PolicyDocument['auth'] = {}): PolicyDocument {
  const introspection = { url: `${issuer.url}${PATH}`, client_id: 'gate way', client_secret_ref: 'issuer/secret' };
  return testDocument({ auth: { mode: 'oauth', issuer_url: issuer.url, introspection, ...auth } });
}

async function open(auth: PolicyDocument['auth'] = {}): Promise<Bench> {
  const log = (message: string, fields?: LogFields): void => void (logged += JSON.stringify([message, fields]));
  return opened.use(
    await startBench({
      answer: (_, response) => sendJson(response, OK_RESULT),
      document: documentWith(auth),
      options: {
        clock: () => now,
        log: { ...silentLogger, warn: log, error: log, info: log },
        readSecret: async ({ namespace, name, key }) =>
          `${namespace}/${name}/${key}` === 'mcp-servers/issuer/secret' ? new Secret(SECRET) : undefined,
      },
    }),
  );
}

async function verdictOf(bench: Bench, token: string): Promise<string> {
  await bench.post(callOf('read'), { authorization: `Bearer ${token}` });
  return bench.events.at(-1)?.payload.reason ?? '';
}

test('an opaque token that its issuer calls active names the caller, and is asked about once', async () => {
  const bench = await open();
  says.set('opaque', active(bench));
  assert.deepEqual([await verdictOf(bench, 'opaque'), await verdictOf(bench, 'opaque')], ['allowed', 'allowed']);
  assert.partialDeepStrictEqual(bench.events.at(-1)?.payload, { human_id: 'alice', agent_id: 'agent' });
  const credentials = Buffer.from('gate+way:s3cret+with%3A+colon').toString('base64');
  assert.deepEqual(asked, [{ token: 'opaque', authorization: `Basic ${credentials}` }]);
});

const REFUSED: readonly { readonly what: string; readonly said: (bench: Bench) => unknown }[] = [
  { what: 'is not active', said: () => ({ active: false }) },
  { what: 'is for another endpoint', said: (bench) => active(bench, { aud: 'https://other.example.com/mcp' }) },
  { what: 'is for no endpoint', said: (bench) => active(bench, { aud: undefined }) },
  { what: 'is of another issuer', said: (bench) => active(bench, { iss: 'https://other.example.com' }) },
  { what: 'has expired', said: (bench) => active(bench, { exp: Math.floor(now / 1000) - 1 }) },
  { what: 'is not yet valid', said: (bench) => active(bench, { nbf: Math.floor(now / 1000) + 60 }) },
  { what: 'names the caller by a number', said: (bench) => active(bench, { sub: 7 }) },
  { what: 'is bound to a key', said: (bench) => active(bench, { cnf: { jkt: 'x'.repeat(43) } }) },
];

for (const { what, said } of REFUSED) {
  test(`a token that ${what} is refused`, async () => {
    const bench = await open();
    says.set('opaque', said(bench));
    const verdict = await verdictOf(bench, 'opaque');
    assert.match(verdict, /^invalid_(token|dpop_proof)$/);
    assert.equal(bench.upstream.seen.length, 0);
  });
}

test('what an issuer said counts for a minute at most, a refusal for ten seconds, and never longer than the token', async () => {
  const bench = await open();
  assert.equal(await verdictOf(bench, 'opaque'), 'invalid_token');
  says.set('opaque', active(bench, { exp: undefined }));
  assert.equal(await verdictOf(bench, 'opaque'), 'invalid_token');
  now += 10_000;
  assert.equal(await verdictOf(bench, 'opaque'), 'allowed');
  says.delete('opaque');
  now += 59_000;
  assert.equal(await verdictOf(bench, 'opaque'), 'allowed');
  now += 1000;
  assert.equal(await verdictOf(bench, 'opaque'), 'invalid_token');
  says.set('short', active(bench, { exp: now / 1000 + 5 }));
  assert.equal(await verdictOf(bench, 'short'), 'allowed');
  now += 5000;
  assert.equal(await verdictOf(bench, 'short'), 'invalid_token');
});

test('a change of the policy, such as a revocation, asks the issuer again', async () => {
  const bench = await open();
  says.set('opaque', active(bench));
  assert.equal(await verdictOf(bench, 'opaque'), 'allowed');
  says.delete('opaque');
  bench.policy.publish(compilePolicy({ ...documentWith(), revision: 'r2' }));
  assert.equal(await verdictOf(bench, 'opaque'), 'invalid_token');
});

test('the endpoint is found by the metadata of the issuer', async () => {
  const introspection = { client_id: 'gateway', client_secret_ref: 'issuer/secret' };
  const bench = await open({ introspection });
  says.set('opaque', active(bench));
  issuer.documents.set('/.well-known/oauth-authorization-server', (response) =>
    sendJson(response, { issuer: issuer.url, introspection_endpoint: `${issuer.url}${PATH}` }),
  );
  assert.equal(await verdictOf(bench, 'opaque'), 'allowed');
});

test('an endpoint that metadata point into the own network, and one without TLS, get no secret', async () => {
  const introspection = { client_id: 'gateway', client_secret_ref: 'issuer/secret' };
  const bench = await open({ introspection });
  for (const endpoint of [
    'https://127.0.0.2/introspect',
    'https://[::1]/i',
    'http://example.com/introspect',
    'file:///a',
  ]) {
    issuer.documents.set('/.well-known/oauth-authorization-server', (response) =>
      sendJson(response, { issuer: issuer.url, introspection_endpoint: endpoint }),
    );
    assert.equal(await verdictOf(bench, 'opaque'), 'oauth_provider_unavailable', endpoint);
    now += 10 * 60_000;
  }
  assert.match(logged, /not a public address/);
  assert.match(logged, /neither https nor of the issuer's origin/);
});

test('an issuer that cannot be asked is no verdict about the token, and neither log nor record hold the secret', async () => {
  const bench = await open();
  issuer.documents.set(PATH, (response) => void response.writeHead(500).end(SECRET));
  const response = await bench.post(callOf('read'), { authorization: 'Bearer opaque-token' });
  assert.equal(response.status, 503);
  issuer.documents.set(PATH, (response) => sendJson(response, { active: 'yes' }));
  assert.equal(await verdictOf(bench, 'opaque-token'), 'oauth_provider_unavailable');
  const told = `${logged}${JSON.stringify(bench.events)}${await response.text()}`;
  assert.match(logged, /cannot be asked about a token/);
  for (const secret of [SECRET, 's3cret+with', Buffer.from('gate+way:').toString('base64').slice(0, 8), 'opaque-token'])
    assert.ok(!told.includes(secret), secret);
});

test('without the secret nothing is asked, and without introspection an opaque token is invalid', async () => {
  const introspection = { url: `${issuer.url}${PATH}`, client_id: 'gateway', client_secret_ref: 'issuer/other' };
  const without = await open({ introspection });
  assert.equal(await verdictOf(without, 'opaque'), 'oauth_provider_unavailable');
  assert.deepEqual(asked, []);
  const bench = await open({ introspection: undefined });
  assert.equal(await verdictOf(bench, 'opaque'), 'invalid_token');
});

test('a JWT is verified by the keys of the issuer, introspection or not', async () => {
  const bench = await open();
  assert.equal(await verdictOf(bench, await issuer.token(bench.url)), 'allowed');
  assert.deepEqual(asked, []);
});

test('many requests with one token are one question, and made-up tokens do not become a flood', async () => {
  const bench = await open();
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  let inProgress = 0;
  let most = 0;
  issuer.documents.set(PATH, (response) => {
    inProgress += 1;
    most = Math.max(most, inProgress);
    void held
      .then(() => answer(response.req, (body) => sendJson(response, body)))
      .finally(() => {
        inProgress -= 1;
      });
  });
  says.set('opaque', active(bench));
  const same = Array.from({ length: 5 }, () => verdictOf(bench, 'opaque'));
  const flood = Array.from({ length: 60 }, (_, index) =>
    bench.post(callOf('read'), { authorization: `Bearer made-up-${index}` }),
  );
  const first = await Promise.race(flood);
  assert.equal(first.status, 503);
  release();
  await Promise.all([...same, ...flood]);
  assert.equal(asked.filter(({ token }) => token === 'opaque').length, 1);
  assert.ok(most <= 32);
});
