import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { ANONYMOUS, HEADERS, MCPAccessGrant, MCPServer, type PolicyDocument } from '@mcp-runtime/api';
import { compilePolicy, explain, renderPolicy } from '@mcp-runtime/policy';
import { type Bench, OK_RESULT, callOf, startBench, testDocument } from '../testing/bench.ts';
import { bearer } from '../testing/caller.ts';
import { startTestIssuer } from '../testing/issuer.ts';
import { sendJson } from '../testing/upstream.ts';

let opened: AsyncDisposableStack;

beforeEach(() => {
  opened = new AsyncDisposableStack();
});

afterEach(() => opened.disposeAsync());

const GRANT = { name: 'everybody', human_id: ANONYMOUS, max_trust: 'low', allowed_side_effects: ['read'] };

async function open(auth: PolicyDocument['auth'], change: Partial<PolicyDocument> = {}): Promise<Bench> {
  const document = testDocument({ auth, session: {}, grants: [GRANT], ...change });
  const answer = (_: unknown, response: Parameters<typeof sendJson>[0]): void => sendJson(response, OK_RESULT);
  return opened.use(await startBench({ answer, document, options: { trustHeadersFrom: ['127.0.0.0/8'] } }));
}

async function verdictOf(bench: Bench, tool: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  await bench.post(callOf(tool), headers);
  return bench.events.at(-1)?.payload.reason ?? '';
}

test('a caller without a credential is who a grant must name, and the record says so', async () => {
  const bench = await open({ mode: 'none' });
  assert.equal(await verdictOf(bench, 'read'), 'allowed');
  assert.partialDeepStrictEqual(bench.events.at(-1)?.payload, {
    human_id: ANONYMOUS,
    agent_id: '',
    identity_source: 'none',
    matched_grant: 'everybody',
  });
  assert.equal(await verdictOf(bench, 'write'), 'side_effect_not_allowed');
});

test('without a grant that names it, the anonymous caller may do nothing', async () => {
  const grants = [
    { ...GRANT, human_id: 'alice' },
    { ...GRANT, name: 'nobody', human_id: '' },
  ];
  const bench = await open({ mode: 'none' }, { grants });
  assert.equal(await verdictOf(bench, 'read'), 'no_matching_grant');
});

test('a caller who proves to be somebody is that one, and a bad proof is refused', async () => {
  const bench = await open({ mode: 'none' });
  assert.equal(await verdictOf(bench, 'read', await bearer(bench)), 'no_matching_grant');
  assert.equal(bench.events.at(-1)?.payload.human_id, 'alice');
  assert.equal(await verdictOf(bench, 'read', { authorization: 'Bearer x' }), 'invalid_token');
  assert.equal(await verdictOf(bench, 'read', { [HEADERS.humanId]: 'bob' }), 'no_matching_grant');
  assert.equal(bench.events.at(-1)?.payload.human_id, 'bob');
  assert.equal(await verdictOf(bench, 'read', { [HEADERS.agentSession]: 'other' }), 'allowed');
});

test('in every other mode who says nothing is nobody', async () => {
  const bench = await open({ mode: 'header' });
  assert.equal(await verdictOf(bench, 'read'), 'missing_identity');
});

for (const header of [HEADERS.humanId, HEADERS.agentId, HEADERS.teamId]) {
  test(`the header ${header} cannot say that name, also from a trusted hop`, async () => {
    for (const mode of ['none', 'header']) {
      const bench = await open({ mode });
      assert.equal(await verdictOf(bench, 'read', { [header]: ` ${ANONYMOUS} ` }), 'reserved_identity', mode);
      assert.deepEqual([bench.events.at(-1)?.payload.human_id, bench.upstream.seen.length], ['', 0]);
    }
  });
}

test('no token can say that name', async () => {
  const session = { name: 's1', namespace: 'mcp-servers', human_id: ANONYMOUS };
  for (const mode of ['token', 'header', 'none']) {
    const bench = await open({ mode }, { sessions: [session] });
    for (const claims of [{ sub: ANONYMOUS }, { agent_id: ANONYMOUS }, { team_id: ANONYMOUS }]) {
      const authorization = `Bearer ${await bench.token(claims)}`;
      assert.equal(await verdictOf(bench, 'read', { authorization }), 'reserved_identity', mode);
    }
  }
  const issuer = opened.use(await startTestIssuer());
  const bench = await open({ mode: 'oauth', issuer_url: issuer.url, claims: { human: 'email' } });
  for (const claims of [{ email: ANONYMOUS }, { email: 'a', azp: ANONYMOUS }, { email: 'a', tid: ANONYMOUS }]) {
    const response = await bench.post(callOf('read'), {
      authorization: `Bearer ${await issuer.token(bench.url, { claims })}`,
    });
    assert.equal(response.status, 401);
    assert.match(response.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
    assert.equal(bench.events.at(-1)?.payload.reason, 'reserved_identity');
  }
});

test('what is rendered from resources is what is decided and explained, whatever the team of the server', () => {
  const head = { apiVersion: 'mcpruntime.org/v1alpha1', metadata: { name: 'files', namespace: 'mcp-servers' } };
  const server = MCPServer.parse({
    ...head,
    kind: 'MCPServer',
    spec: { image: 'x', teamID: 'core', auth: { mode: 'none' }, tools: [{ name: 'read', sideEffect: 'read' }] },
  });
  const grant = MCPAccessGrant.parse({
    ...head,
    kind: 'MCPAccessGrant',
    spec: { serverRef: { name: 'files' }, subject: { humanID: ANONYMOUS }, allowedSideEffects: ['read'] },
  });
  const { document } = renderPolicy({ server, grants: [grant], sessions: [] });
  const { decision, steps } = explain(compilePolicy(document), {
    method: 'tools/call',
    target: { kind: 'tool', name: 'read' },
    identity: { human: ANONYMOUS, agent: '', team: '', session: '' },
    now: 0,
  });
  assert.equal(decision.reason, 'allowed');
  assert.match(steps.map(({ saw }) => saw).join('\n'), /human `system:anonymous`/);
});
