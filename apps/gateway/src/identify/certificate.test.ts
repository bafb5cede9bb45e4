import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { test } from 'node:test';
import { HEADERS, sessionSpiffeId } from '@mcp-runtime/api';
import { compilePolicy } from '@mcp-runtime/policy';
import { type GatewayOptions } from '../options.ts';
import { type Bench, OK_RESULT, callOf, startBench, testDocument } from '../testing/bench.ts';
import { type TestCertificate, createTestAuthority } from '../testing/certificates.ts';
import { type HttpsAsk, askOverTls } from '../testing/https.ts';
import { type TlsFolder, openTlsFolder } from '../testing/tls-folder.ts';
import { until } from '../testing/until.ts';
import { sendJson } from '../testing/upstream.ts';

const DOMAIN = 'example.org';
const SESSION = sessionSpiffeId(DOMAIN, 'mcp-servers', 's1');
const PROXY = `spiffe://${DOMAIN}/ns/edge/sa/proxy`;
const MTLS = testDocument({ auth: { mode: 'mtls', trust_domain: DOMAIN } });
const servers = createTestAuthority('servers');
const clients = createTestAuthority('clients');
const agentOfAlice = clients.issue({ uris: [SESSION] });
const proxy = clients.issue({ uris: [PROXY] });

interface Lab extends AsyncDisposable {
  readonly bench: Bench;
  readonly files: TlsFolder;
  /** `ok`, or the reason of the refusal. */
  ask(given: Omit<HttpsAsk, 'ca'>): Promise<string>;
}

async function startLab(document = MTLS, options: Partial<GatewayOptions> = {}): Promise<Lab> {
  const use = new AsyncDisposableStack();
  const files = use.use(await openTlsFolder(servers.issue({ dns: ['localhost'] }), clients.cert));
  const listen = { host: 'localhost', port: 0 };
  const tls = { files: files.paths, clientCertificates: 'optional' } as const;
  const bench = use.use(
    await startBench({
      document,
      answer: (_, response) => sendJson(response, OK_RESULT),
      options: { tls, listen, ...options },
    }),
  );
  return {
    bench,
    files,
    ask: async (given) => {
      const { body } = await askOverTls(bench.url, { ca: servers.cert, body: callOf('read'), ...given });
      const { error } = JSON.parse(body);
      return error === undefined ? 'ok' : String(error.data.reason);
    },
    [Symbol.asyncDispose]: () => use.disposeAsync(),
  };
}

test('a certificate of a session is the human, agent and team of that session', async () => {
  await using lab = await startLab();
  assert.equal(await lab.ask({ as: agentOfAlice, headers: { [HEADERS.humanId]: 'mallory' } }), 'ok');
  const { human_id, agent_id, session_id, identity_source } = lab.bench.events[0]?.payload ?? {};
  assert.deepEqual([human_id, agent_id, session_id, identity_source], ['alice', 'agent', 's1', 'certificate']);
});

const uri = (...uris: readonly string[]): TestCertificate => clients.issue({ uris });

const REFUSED = [
  { id: 'no certificate', ask: {}, reason: 'missing_client_certificate' },
  {
    id: 'of another authority',
    ask: { as: createTestAuthority('clients').issue({ uris: [SESSION] }) },
    reason: 'missing_client_certificate',
  },
  {
    id: 'expired',
    ask: { as: clients.issue({ uris: [SESSION], notAfter: new Date(Date.now() - 1000) }) },
    reason: 'missing_client_certificate',
  },
  { id: 'no URI', ask: { as: clients.issue({ dns: ['agent'] }) }, reason: 'invalid_spiffe_identity' },
  { id: 'two URIs', ask: { as: uri(SESSION, PROXY) }, reason: 'invalid_spiffe_identity' },
  { id: 'the same URI twice', ask: { as: uri(SESSION, SESSION) }, reason: 'invalid_spiffe_identity' },
  {
    id: 'text that looks like a second name',
    ask: { as: uri(`spiffe://other.org/x, URI:${SESSION}`) },
    reason: 'invalid_spiffe_identity',
  },
  {
    id: 'another trust domain',
    ask: { as: uri(sessionSpiffeId('example.com', 'mcp-servers', 's1')) },
    reason: 'invalid_spiffe_identity',
  },
  { id: 'a workload that is no session', ask: { as: proxy }, reason: 'invalid_spiffe_identity' },
  { id: 'a session that does not exist', ask: { as: uri(`${SESSION}x`) }, reason: 'session_not_found' },
  {
    id: 'the session of another namespace',
    ask: { as: uri(sessionSpiffeId(DOMAIN, 'other', 's1')) },
    reason: 'session_not_found',
  },
  {
    id: 'a verified identity, and no proxy is declared',
    ask: { as: agentOfAlice, headers: { [HEADERS.verifiedSpiffeId]: SESSION } },
    reason: 'untrusted_proxy',
  },
] as const;

test('every other certificate is refused with its reason, and the server hears nothing', async () => {
  await using lab = await startLab();
  for (const { id, ask, reason } of REFUSED) assert.equal(await lab.ask(ask), reason, id);
  assert.deepEqual(lab.bench.upstream.seen, []);
  assert.deepEqual(
    lab.bench.events.map(({ payload }) => [payload.decision, payload.reason]),
    REFUSED.map(({ reason }) => ['deny', reason]),
  );
});

test('a session that is revoked or ends is refused on the connection that is open', async () => {
  await using lab = await startLab();
  using agent = keptAlive();
  assert.equal(await lab.ask({ as: agentOfAlice, agent: agent.agent }), 'ok');
  const sessionThat = (change: object): void => {
    const sessions = (MTLS.sessions ?? []).map((session) => ({ ...session, ...change }));
    lab.bench.policy.publish(compilePolicy({ ...MTLS, sessions }));
  };
  sessionThat({ revoked: true });
  assert.equal(await lab.ask({ as: agentOfAlice, agent: agent.agent }), 'session_revoked');
  sessionThat({ expires_at: '2020-01-01T00:00:00Z' });
  assert.equal(await lab.ask({ as: agentOfAlice, agent: agent.agent }), 'session_expired');
  assert.equal(agent.connections(), 1);
});

test('an authority that is withdrawn counts no longer, on the connection that is open either', async () => {
  await using lab = await startLab();
  using agent = keptAlive();
  const others = createTestAuthority('other clients');
  const ofOthers = others.issue({ uris: [SESSION] });
  assert.equal(await lab.ask({ as: agentOfAlice, agent: agent.agent }), 'ok');
  await lab.files.put({ clientCa: others.cert });
  await until(async () => (await lab.ask({ as: ofOthers })) === 'ok');
  assert.equal(await lab.ask({ as: agentOfAlice, agent: agent.agent }), 'missing_client_certificate');
  assert.equal(agent.connections(), 1);
  await lab.files.put({ clientCa: `${others.cert}${clients.cert}` });
  await until(async () => (await lab.ask({ as: agentOfAlice })) === 'ok');
  assert.equal(await lab.ask({ as: agentOfAlice, agent: agent.agent }), 'ok');
});

test('behind a declared proxy, the identity is the one that the proxy verified, and nobody else is heard', async () => {
  await using lab = await startLab(MTLS, { trustedProxy: PROXY });
  const verified = (...ids: readonly string[]) => ({ [HEADERS.verifiedSpiffeId]: ids });
  assert.equal(await lab.ask({ as: proxy, headers: verified(SESSION) }), 'ok');
  assert.equal(lab.bench.events[0]?.payload.human_id, 'alice');
  assert.equal(lab.bench.upstream.seen[0]?.headers[HEADERS.verifiedSpiffeId.toLowerCase()], undefined);
  const refused = [
    [{ as: proxy }, 'missing_verified_identity'],
    [{ as: proxy, headers: verified('  ') }, 'missing_verified_identity'],
    [{ as: proxy, headers: verified(SESSION, SESSION) }, 'invalid_spiffe_identity'],
    [{ as: proxy, headers: verified('alice') }, 'invalid_spiffe_identity'],
    [{ as: proxy, headers: verified(`${SESSION}x`) }, 'session_not_found'],
    [{ as: agentOfAlice }, 'untrusted_proxy'],
    [{ as: agentOfAlice, headers: verified(SESSION) }, 'untrusted_proxy'],
    [{ as: uri(PROXY, SESSION), headers: verified(SESSION) }, 'untrusted_proxy'],
    [{ headers: verified(SESSION) }, 'missing_client_certificate'],
  ] as const;
  for (const [ask, reason] of refused) assert.equal(await lab.ask(ask), reason);
});

test('identity headers are believed from the declared proxy, and from no other certificate', async () => {
  const document = testDocument({ auth: { mode: 'header' }, session: { required: false } });
  await using lab = await startLab(document, { trustedProxy: PROXY });
  const headers = { [HEADERS.humanId]: 'alice', [HEADERS.agentId]: 'agent' };
  assert.equal(await lab.ask({ as: proxy, headers }), 'ok');
  for (const as of [agentOfAlice, uri(PROXY, SESSION)]) {
    assert.equal(await lab.ask({ as, headers }), 'untrusted_identity_headers');
  }
  assert.equal(await lab.ask({ headers }), 'untrusted_identity_headers');
});

test('no token takes the place of a certificate, but for the readiness check', async () => {
  await using lab = await startLab();
  const bearer = async (claims: Readonly<Record<string, string>>) => ({
    authorization: `Bearer ${await lab.bench.token(claims)}`,
  });
  assert.equal(await lab.ask({ headers: await bearer({}) }), 'invalid_token');
  assert.equal(await lab.ask({ as: agentOfAlice, headers: await bearer({}) }), 'invalid_token');
  const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  assert.equal(await lab.ask({ headers: await bearer({ token_use: 'probe' }), body: list }), 'ok');
});

test('over plain HTTP nobody has a certificate', async () => {
  await using bench = await startBench({ document: MTLS, answer: () => {} });
  const answer = await bench.post(callOf('read'), { [HEADERS.verifiedSpiffeId]: SESSION });
  assert.equal(answer.status, 401);
  assert.match(await answer.text(), /missing_client_certificate/);
});

interface KeptAlive extends Disposable {
  readonly agent: Agent;
  /** How many connections there have been. */
  connections(): number;
}

function keptAlive(): KeptAlive {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const seen = new Set<unknown>();
  agent.on('free', (socket: unknown) => seen.add(socket));
  return { agent, connections: () => seen.size, [Symbol.dispose]: () => agent.destroy() };
}
