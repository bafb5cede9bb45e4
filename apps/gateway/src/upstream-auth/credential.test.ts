import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PolicyDocument } from '@mcp-runtime/api';
import { Secret } from '@mcp-runtime/base';
import { publicAnd } from '../outbound/reach.ts';
import { type Bench, OK_RESULT, callOf, startBench, testDocument } from '../testing/bench.ts';
import { startTestTokenEndpoint } from '../testing/token-endpoint.ts';
import { type Answer, sendJson } from '../testing/upstream.ts';

const SESSIONS = [
  { name: 's1', namespace: 'mcp-servers', human_id: 'alice', agent_id: 'agent', consented_trust: 'high' },
  { name: 's2', namespace: 'mcp-servers', human_id: 'bob', agent_id: 'agent', consented_trust: 'high' },
];
const GRANTS = [
  { name: 'all', namespace: 'mcp-servers', agent_id: 'agent', max_trust: 'high', allowed_side_effects: ['read'] },
];
const BOB = { sub: 'bob', sid: 's2' };

interface Lab extends AsyncDisposable {
  readonly bench: Bench;
  readonly secrets: Map<string, string>;
  /** A call as Alice's agent unless the claims say otherwise; `ok`, or the reason of the refusal. */
  call(claims?: Readonly<Record<string, string>>, headers?: Readonly<Record<string, string>>): Promise<string>;
  /** The values of a header that the server has seen. */
  seen(header: string): readonly (string | readonly string[] | undefined)[];
}

const ANSWER: Answer = (_, response) => sendJson(response, OK_RESULT);

async function startLab(change: Partial<PolicyDocument>, answer: Answer = ANSWER): Promise<Lab> {
  const secrets = new Map<string, string>();
  const bench = await startBench({
    document: testDocument({ sessions: SESSIONS, grants: GRANTS, ...change }),
    answer,
    options: {
      remoteServers: { reach: publicAnd(['127.0.0.0/8']) },
      readSecret: async ({ namespace, name, key }) => {
        const value = secrets.get(`${namespace}/${name}/${key}`);
        return value === undefined ? undefined : new Secret(value);
      },
    },
  });
  return {
    bench,
    secrets,
    call: async (claims = {}, headers = {}) => {
      const authorization = `Bearer ${await bench.token(claims)}`;
      const response = await bench.post(callOf('read'), { authorization, ...headers });
      const { error } = JSON.parse(await response.text());
      return error === undefined ? 'ok' : String(error.data.reason);
    },
    seen: (header) => bench.upstream.seen.map(({ headers }) => headers[header]),
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

test('without a declaration nothing goes to the server, whatever the caller sends', async () => {
  await using lab = await startLab({});
  const given = { cookie: 'a=b', 'proxy-authorization': 'Basic x', 'x-api-key': 'k', 'x-mcp-human-id': 'mallory' };
  assert.equal(await lab.call({}, given), 'ok');
  for (const header of ['authorization', ...Object.keys(given)])
    assert.deepEqual(lab.seen(header), [undefined], header);
});

test('a static secret goes in the declared header, and a new value counts at once', async () => {
  await using lab = await startLab({ upstream_auth: { header: 'X-API-Key', secret_ref: 'creds/key' } });
  lab.secrets.set('mcp-servers/creds/key', 'one');
  assert.equal(await lab.call({}, { 'x-api-key': 'of the caller' }), 'ok');
  lab.secrets.set('mcp-servers/creds/key', 'two');
  assert.equal(await lab.call(BOB), 'ok');
  assert.deepEqual(
    [lab.seen('x-api-key'), lab.seen('authorization')],
    [
      ['one', 'two'],
      [undefined, undefined],
    ],
  );
});

test('in Authorization a single word is a bearer token, and another scheme is sent as it is', async () => {
  await using lab = await startLab({ upstream_auth: { secret_ref: 'creds/key' } });
  for (const value of ['token', 'Basic eDp5']) {
    lab.secrets.set('mcp-servers/creds/key', value);
    assert.equal(await lab.call(), 'ok');
  }
  assert.deepEqual(lab.seen('authorization'), ['Bearer token', 'Basic eDp5']);
});

test('a credential that cannot be had refuses the call, on record and without the secret', async () => {
  await using lab = await startLab({ upstream_auth: { secret_ref: 'creds/key' } });
  assert.equal(await lab.call(), 'upstream_credential_unavailable');
  assert.deepEqual(lab.bench.upstream.seen, []);
  lab.secrets.set('mcp-servers/creds/key', 'sesame');
  assert.equal(await lab.call(), 'ok');
  const [refused] = lab.bench.events;
  assert.deepEqual([refused?.payload.outcome, refused?.payload.status], ['refused', 503]);
  assert.doesNotMatch(JSON.stringify(lab.bench.events), /sesame/);
});

test("a session's token goes in the header of the server, to nobody else's calls", async () => {
  const sessions = SESSIONS.map((one) => (one.name === 's1' ? { ...one, upstream_token_ref: 'alice/token' } : one));
  await using lab = await startLab({
    sessions,
    session: { required: true, upstream_token_header: 'X-Upstream-Token' },
  });
  lab.secrets.set('mcp-servers/alice/token', 'of-alice');
  assert.deepEqual([await lab.call(), await lab.call(BOB)], ['ok', 'ok']);
  assert.deepEqual(lab.seen('x-upstream-token'), ['of-alice', undefined]);
});

test('a header that frames a message carries no credential', async () => {
  const sessions = SESSIONS.map((one) => ({ ...one, upstream_token_ref: 'alice/token' }));
  for (const header of ['Transfer-Encoding', 'Content-Length', 'Host', 'Mcp-Session-Id', 'a: b']) {
    await using lab = await startLab({ sessions, session: { required: true, upstream_token_header: header } });
    lab.secrets.set('mcp-servers/alice/token', 'chunked');
    assert.equal(await lab.call(), 'upstream_credential_unavailable', header);
    assert.deepEqual(lab.bench.upstream.seen, []);
  }
});

test('an exchanged token is made for one caller, kept until it ends, and never used for another', async () => {
  await using endpoint = await startTestTokenEndpoint();
  await using lab = await startLab({ upstream_auth: exchangeAt(endpoint.url) });
  lab.secrets.set('mcp-servers/sts/secret', 'p&ss');
  const token = await lab.bench.token({});
  const asAlice = { authorization: `Bearer ${token}` };
  assert.deepEqual([await lab.call({}, asAlice), await lab.call({}, asAlice), await lab.call(BOB)], ['ok', 'ok', 'ok']);
  assert.deepEqual(lab.seen('authorization'), ['Bearer exchanged-1', 'Bearer exchanged-1', 'Bearer exchanged-2']);
  const [first] = endpoint.asked;
  assert.equal(first?.headers.authorization, `Basic ${Buffer.from('gateway:p%26ss').toString('base64')}`);
  assert.deepEqual(Object.fromEntries(first?.form ?? []), {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    audience: 'files',
    resource: 'https://files.example.com/mcp',
    scope: 'read write',
  });
});

test('a token that the server does not take, or that says no end, is not presented again', async () => {
  await using endpoint = await startTestTokenEndpoint();
  const upstream_auth = exchangeAt(endpoint.url);
  const sends = { status: 401 };
  await using lab = await startLab({ upstream_auth }, (_, response) => {
    if (sends.status === 200) sendJson(response, OK_RESULT);
    else response.writeHead(sends.status).end();
  });
  lab.secrets.set('mcp-servers/sts/secret', 'secret');
  const asAlice = { authorization: `Bearer ${await lab.bench.token({})}` };
  assert.equal(await lab.call({}, asAlice), 'upstream_unavailable');
  sends.status = 200;
  endpoint.answer = {};
  for (let turn = 0; turn < 2; turn++) assert.equal(await lab.call({}, asAlice), 'ok');
  assert.equal(new Set(lab.seen('authorization')).size, 3);
});

test('a token endpoint that refuses or answers nonsense refuses the call, and the token of the caller stays here', async () => {
  await using endpoint = await startTestTokenEndpoint();
  await using lab = await startLab({ upstream_auth: exchangeAt(endpoint.url) });
  lab.secrets.set('mcp-servers/sts/secret', 'secret');
  for (const answer of [
    'refuse',
    { access_token: '' },
    { access_token: 'a\r\nb: c' },
    { token_type: 'mac' },
  ] as const) {
    endpoint.answer = answer;
    assert.equal(await lab.call(), 'upstream_credential_unavailable');
  }
  assert.deepEqual(lab.bench.upstream.seen, []);
  endpoint.answer = { expires_in: 600 };
  assert.equal(await lab.call(), 'ok');
});

test('a token endpoint inside the network, or in the clear, is not asked', async () => {
  for (const url of ['http://sts.example.com/token', 'https://169.254.169.254/token']) {
    await using lab = await startLab({ upstream_auth: exchangeAt(url) });
    lab.secrets.set('mcp-servers/sts/secret', 'secret');
    assert.equal(await lab.call(), 'upstream_credential_unavailable', url);
  }
});

test('who brought no token has none to exchange; the readiness check gets one of the client itself', async () => {
  await using endpoint = await startTestTokenEndpoint();
  await using lab = await startLab({
    auth: { mode: 'none' },
    policy: { enforce_on: 'call_tool' },
    session: { required: false },
    upstream_auth: exchangeAt(endpoint.url),
  });
  lab.secrets.set('mcp-servers/sts/secret', 'secret');
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
  assert.match(await (await lab.bench.post(ping)).text(), /upstream_credential_unavailable/);
  assert.equal(endpoint.asked.length, 0);
  const authorization = `Bearer ${await lab.bench.token({ token_use: 'probe' })}`;
  assert.equal((await lab.bench.post(ping, { authorization })).status, 200);
  assert.equal(endpoint.asked[0]?.form.get('grant_type'), 'client_credentials');
  assert.deepEqual(lab.seen('authorization'), ['Bearer exchanged-1']);
});

function exchangeAt(url: string): NonNullable<PolicyDocument['upstream_auth']> {
  return {
    token_url: url,
    client_id: 'gateway',
    client_secret_ref: 'sts/secret',
    audience: 'files',
    resource: 'https://files.example.com/mcp',
    scopes: ['read', 'write'],
  };
}
