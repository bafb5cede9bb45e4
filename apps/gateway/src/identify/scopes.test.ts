import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { type AuditPayload, type PolicyDocument } from '@mcp-runtime/api';
import { type Bench, OK_RESULT, callOf, startBench, testDocument } from '../testing/bench.ts';
import { type TestIssuer, startTestIssuer } from '../testing/issuer.ts';
import { sendJson } from '../testing/upstream.ts';

let opened: AsyncDisposableStack;
let issuer: TestIssuer;

beforeEach(async () => {
  opened = new AsyncDisposableStack();
  issuer = opened.use(await startTestIssuer());
});

afterEach(() => opened.disposeAsync());

const SCOPED = {
  required_scopes: ['mcp'],
  side_effect_scopes: { read: ['files:read'], write: ['files:write'] },
};

async function open(auth: PolicyDocument['auth'] = SCOPED, change: Partial<PolicyDocument> = {}): Promise<Bench> {
  const document = testDocument({ auth: { mode: 'oauth', issuer_url: issuer.url, ...auth }, ...change });
  return opened.use(await startBench({ answer: (_, response) => sendJson(response, OK_RESULT), document }));
}

async function post(bench: Bench, body: object, claims: Readonly<Record<string, unknown>>): Promise<Response> {
  return bench.post(body, { authorization: `Bearer ${await issuer.token(bench.url, { claims })}` });
}

const reasonOf = (bench: Bench): string | undefined => bench.events.at(-1)?.payload.reason;

test('a call that lacks a scope is refused before the server is asked, with all the scopes that it takes', async () => {
  const bench = await open();
  const response = await post(bench, callOf('read'), { scope: 'mcp openid' });
  assert.equal(response.status, 403);
  assert.equal(
    response.headers.get('www-authenticate'),
    `Bearer realm="mcp-runtime", resource_metadata="${bench.gateway.url}/.well-known/oauth-protected-resource/files/mcp", ` +
      'scope="mcp files:read", error="insufficient_scope"',
  );
  assert.match(await response.text(), /"code":40310,"message":"the access token lacks the scope `files:read`"/);
  assert.deepEqual([reasonOf(bench), bench.upstream.seen.length], ['insufficient_scope', 0]);
});

test('the challenge keeps what the caller has of this server, and leaves out what it has elsewhere', async () => {
  const bench = await open();
  const response = await post(bench, callOf('read'), { scope: 'files:write elsewhere' });
  assert.match(response.headers.get('www-authenticate') ?? '', /scope="files:write mcp files:read"/);
});

test('with the scopes the call goes through, whichever way the issuer writes them', async () => {
  const bench = await open();
  for (const claims of [{ scope: 'files:read mcp' }, { scp: ['mcp', 'files:read'] }, { scp: 'mcp files:read' }]) {
    assert.equal((await post(bench, callOf('read'), claims)).status, 200);
    assert.equal(reasonOf(bench), 'allowed');
  }
});

test('a scope that is no text makes the token invalid', async () => {
  const bench = await open();
  for (const claims of [{ scope: ['mcp'] }, { scope: 1 }, { scp: [1] }, { scp: {} }]) {
    await post(bench, callOf('read'), claims);
    assert.equal(reasonOf(bench), 'invalid_token');
  }
});

test('what no scope helps with is a denial in band, not a way to the login', async () => {
  const bench = await open();
  const response = await post(bench, callOf('write'), { scope: '' });
  assert.deepEqual([response.status, response.headers.get('www-authenticate')], [200, null]);
  assert.equal(reasonOf(bench), 'side_effect_not_allowed');
});

test('opening a stream takes the scopes of a request', async () => {
  const bench = await open();
  const authorization = `Bearer ${await issuer.token(bench.url)}`;
  const response = await fetch(bench.url, { headers: { authorization, accept: 'text/event-stream' } });
  assert.deepEqual([response.status, response.headers.get('content-type')], [403, 'application/json']);
  assert.match(response.headers.get('www-authenticate') ?? '', /scope="mcp", error="insufficient_scope"/);
});

test('the first challenge and the metadata name the scopes of reading', async () => {
  const bench = await open();
  const response = await bench.post(callOf('read'));
  assert.equal(response.status, 401);
  assert.match(response.headers.get('www-authenticate') ?? '', /scope="mcp files:read"$/);
  const metadata = await fetch(`${bench.gateway.url}/.well-known/oauth-protected-resource/files/mcp`);
  assert.match(await metadata.text(), /"scopes_supported":\["mcp","files:read"\]/);
});

test('a token in the URL is refused, also beside one in the header', async () => {
  const bench = await open({});
  const token = await issuer.token(bench.url);
  for (const headers of [{}, { authorization: `Bearer ${token}` }]) {
    const response = await fetch(`${bench.url}?a=b&access_token=${token}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
      body: JSON.stringify(callOf('read')),
    });
    assert.equal(response.status, 400);
    assert.deepEqual([reasonOf(bench), bench.events.at(-1)?.payload.path], ['invalid_request', '/files/mcp']);
  }
});

const CLAIMS: readonly {
  readonly what: string;
  readonly paths: NonNullable<PolicyDocument['auth']>['claims'];
  readonly claims: Readonly<Record<string, unknown>>;
  /** Fields of the audit event. */
  readonly named: Partial<AuditPayload>;
}[] = [
  {
    what: 'a claim by name',
    paths: { human: 'email' },
    claims: { email: 'a@b' },
    named: { human_id: 'a@b', agent_id: 'agent' },
  },
  {
    what: 'a claim whose name is a URL with dots',
    paths: { team: 'https://example.com/claims.team' },
    claims: { 'https://example.com/claims.team': 'core' },
    named: { subject_team_id: 'core' },
  },
  {
    what: 'a pointer into objects',
    paths: { team: '/org/a~1b/team' },
    claims: { org: { 'a/b': { team: 't' } } },
    named: { subject_team_id: 't' },
  },
  {
    what: 'a pointer to nothing',
    paths: { team: '/org/team' },
    claims: { org: 'x', team_id: 'usual' },
    named: { subject_team_id: '' },
  },
  {
    what: 'an inherited member',
    paths: { team: '/org/constructor/name' },
    claims: { org: {} },
    named: { subject_team_id: '' },
  },
  {
    what: 'a claim that is no text',
    paths: { team: 'groups' },
    claims: { groups: ['a'] },
    named: { reason: 'invalid_token' },
  },
  {
    what: 'a usual claim that is no text and not asked for',
    paths: { team: 'x' },
    claims: { tid: 1 },
    named: { subject_team_id: '' },
  },
  { what: 'a session by name', paths: { session: 'run' }, claims: { run: 's9' }, named: { session_id: 's9' } },
];

for (const { what, paths, claims, named } of CLAIMS) {
  test(`claims name the caller: ${what}`, async () => {
    const bench = await open({ claims: paths });
    await post(bench, callOf('read'), claims);
    assert.partialDeepStrictEqual(bench.events.at(-1)?.payload, named);
  });
}
