import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PolicyDocumentGrant } from '@mcp-runtime/api';
import { compilePolicy } from './compile.ts';
import { evaluate, evaluateProbe, isVisible } from './evaluate.ts';
import { explain } from './explain.ts';
import { type Target } from '@mcp-runtime/api';
import { type PolicyRequest } from './request.ts';
import { NOW, aCall, aDocument, aGrant, aSession, decided } from './testing/documents.ts';

const about = (method: string, target: Target | undefined, human = 'h'): PolicyRequest =>
  aCall({ method, target, identity: { human } });
const listTools = about('tools/list', { kind: 'list', of: 'tools' });
const ping = about('ping', { kind: 'server' });
const prompt = (name: string): PolicyRequest => about('prompts/get', { kind: 'prompt', name });
const read = (uri: string): PolicyRequest => about('resources/read', { kind: 'resource', uri });
const readAll = (...uris: string[]): PolicyRequest =>
  about('subscriptions/listen', { kind: 'subscription', uris, tasks: [] });
const expand = (uri: string): PolicyRequest => about('resources/read', { kind: 'template', uri });
const unknown = about('made/up', undefined);

/** The reason that a server which governs every method gives. */
function reasonOf(request: PolicyRequest, grants: readonly PolicyDocumentGrant[], defaultDecision = 'deny'): string {
  const policy = { enforce_on: 'all', default_decision: defaultDecision };
  return decided(aDocument({ policy, grants: [...grants] }), request).reason ?? '';
}

test('call_tool, the default, governs tool calls alone', () => {
  for (const request of [listTools, ping, prompt('p'), read('file:///a'), unknown, about('call_tool ', undefined)]) {
    assert.deepEqual(decided(aDocument(), request), {
      allowed: true,
      status: 200,
      reason: 'allowed',
      policy_version: 'pv',
    });
  }
  for (const method of ['tools/call', 'call_tool']) {
    assert.equal(decided(aDocument(), aCall({ method })).reason, 'no_matching_grant');
  }
});

test('all governs every method: access needs a grant in force, an unknown method is denied', () => {
  for (const request of [listTools, ping]) {
    assert.equal(reasonOf(request, []), 'no_matching_grant');
    assert.equal(reasonOf(request, [aGrant({ disabled: true })]), 'no_matching_grant');
    assert.equal(reasonOf(request, [aGrant({ tool_rules: [{ name: 'other' }] })]), 'allowed');
    assert.equal(reasonOf(about(request.method, request.target, ''), [aGrant()]), 'missing_identity');
  }
  assert.equal(reasonOf(unknown, [aGrant()], 'allow'), 'unknown_method');
});

test('all asks for the session that a server requires, whatever the method', () => {
  const document = aDocument({
    policy: { enforce_on: 'ALL ' },
    sessionRequired: true,
    grants: [aGrant()],
    sessions: [aSession()],
  });
  assert.equal(decided(document, ping).reason, 'missing_session');
  assert.equal(decided(document, aCall({ ...ping, identity: { session: 's' } })).reason, 'allowed');
});

test('rules for prompts name them exactly; a grant with rules covers what they name', () => {
  const grants = [aGrant({ prompt_rules: [{ name: 'p' }, { name: 'q', decision: 'deny' }] })];
  assert.equal(reasonOf(prompt('p'), grants), 'allowed');
  assert.equal(reasonOf(prompt('P'), grants), 'tool_not_granted');
  assert.equal(reasonOf(prompt('q'), grants, 'allow'), 'tool_denied');
  assert.equal(reasonOf(aCall(), grants), 'tool_not_granted');
  assert.equal(reasonOf(prompt('p'), [aGrant({ allowed_side_effects: ['write'] })]), 'side_effect_not_allowed');
});

test('rules for resources cover a URI or all that begin alike; deny first, then the most trust asked', () => {
  const rules = (...resource_rules: NonNullable<PolicyDocumentGrant['resource_rules']>): PolicyDocumentGrant[] => [
    aGrant({ max_trust: 'medium', resource_rules }),
  ];
  const folder = { uri: 'file:///a/*' };
  assert.equal(reasonOf(read('file:///a/b'), rules(folder)), 'allowed');
  assert.equal(reasonOf(read('file:///a'), rules(folder)), 'tool_not_granted');
  assert.equal(reasonOf(read('file:///a/b'), rules({ uri: 'file:///a/b' })), 'allowed');
  assert.equal(reasonOf(read('file:///a/bc'), rules({ uri: 'file:///a/b' })), 'tool_not_granted');
  assert.equal(
    reasonOf(read('file:///a/b'), rules({ uri: 'file:///a/b' }, { ...folder, decision: 'deny' })),
    'tool_denied',
  );
  assert.equal(reasonOf(read('file:///a/b'), rules(folder, { uri: '*', required_trust: 'high' })), 'trust_too_low');
});

test('a URI that climbs out of its beginning is not covered by it', () => {
  const grants = [aGrant({ resource_rules: [{ uri: 'file:///a/*' }, { uri: 'file:///b/*', decision: 'deny' }] })];
  for (const uri of [
    'file:///a/../x',
    'file:///a/b/..',
    'file:///a/%2E%2e/x',
    'file:///a/b%2f..%2Fx',
    'file:///a/..\\x',
  ]) {
    assert.equal(reasonOf(read(uri), grants), 'tool_not_granted', uri);
  }
  for (const uri of ['file:///a/..x', 'file:///a/x..', 'file:///a/...', 'file:///a/a..b/c']) {
    assert.equal(reasonOf(read(uri), grants), 'allowed', uri);
  }
  assert.equal(reasonOf(read('file:///b/../a/x'), grants), 'tool_denied');
  assert.equal(reasonOf(read('file:///a/../x'), [aGrant({ resource_rules: [{ uri: 'file:///a/../x' }] })]), 'allowed');
});

test('what is denied is denied in every spelling that a server may take for the same', () => {
  const resource_rules = [
    { uri: 'file:///a/secret', decision: 'deny' as const },
    { uri: 'https://example.com/b/*', decision: 'deny' as const },
  ];
  const grants = [aGrant({ name: 'all' }), aGrant({ name: 'some', resource_rules })];
  for (const uri of [
    'file:///a/%73ecret',
    'file:///a/./secret',
    'file:///a//secret',
    'file:///x/../a/secret',
    'file:///../a/secret',
    'file:///a\\secret',
    'FILE:///a/secret',
    'file://localhost/a/secret',
    'file:/a/secret',
    'file:///%61%2Fsecret',
    'https://EXAMPLE.com/b/c',
    'https://example.com/x/%2e%2e/b/c',
  ]) {
    assert.equal(reasonOf(read(uri), grants), 'tool_denied', uri);
  }
  for (const uri of [
    'file:///a/secrets',
    'file:///A/secret',
    'file:///a/secret/x',
    'https://example.com/bb',
    'a:%',
    '..',
  ]) {
    assert.equal(reasonOf(read(uri), grants), 'allowed', uri);
  }
});

test('a template is covered when some of what it can become is, and denied when all of it is', () => {
  const allow = (uri: string): PolicyDocumentGrant[] => [aGrant({ resource_rules: [{ uri }] })];
  const deny = (uri: string): PolicyDocumentGrant[] => [
    aGrant({ resource_rules: [{ uri: '*' }, { uri, decision: 'deny' }] }),
  ];
  assert.equal(reasonOf(expand('file:///a/{x}'), allow('file:///a/b')), 'allowed');
  assert.equal(reasonOf(expand('file:///a/{x}'), allow('file:///*')), 'allowed');
  assert.equal(reasonOf(expand('file:///a/{x}'), allow('file:///b/*')), 'tool_not_granted');
  assert.equal(reasonOf(expand('file:///a/{x}'), deny('file:///a/*')), 'tool_denied');
  assert.equal(reasonOf(expand('file:///a/{x}'), deny('file:///a/b')), 'allowed');
});

test('several resources fall with the first that is denied, also in what observing records', () => {
  const grants = [aGrant({ resource_rules: [{ uri: 'file:///a' }, { uri: 'file:///b', decision: 'deny' }] })];
  assert.equal(reasonOf(readAll('file:///a', 'file:///b', 'file:///c'), grants), 'tool_denied');
  assert.equal(reasonOf(readAll('file:///a'), grants), 'allowed');
  assert.equal(reasonOf(readAll(), grants), 'allowed');
  assert.equal(reasonOf(readAll(), []), 'no_matching_grant');
  const observing = compilePolicy(aDocument({ policy: { mode: 'observe', enforce_on: 'all' }, grants }));
  const observed = evaluate(observing, readAll('file:///a', 'file:///b'));
  assert.ok(observed.allowed);
  assert.equal(observed.shadow?.reason, 'tool_denied');
  const { steps } = explain(observing, readAll('file:///a', 'file:///b'));
  assert.deepEqual(steps.at(-2), { condition: 'no grant denies it by name', saw: 'ns/g denies it', result: 'denies' });
});

test('observe lets every call through, with its risk and what enforcement would have said', () => {
  const policy = compilePolicy(aDocument({ policy: { mode: ' Observe ' } }));
  const decision = evaluate(policy, aCall({ identity: { human: '' } }));
  assert.ok(decision.allowed);
  assert.equal(decision.reason, 'allowed');
  assert.equal(decision.riskLevel, 'medium');
  assert.equal(decision.matchedGrant, undefined);
  assert.deepEqual([decision.shadow?.reason, decision.shadow?.status], ['missing_identity', 401]);
  const other = evaluate(policy, listTools);
  assert.equal(other.allowed && other.shadow, undefined);
});

const SOFTENED = [
  {
    id: 'nobody',
    request: aCall({ identity: { human: '' } }),
    grants: [aGrant()],
    reason: 'missing_identity',
    allowed: false,
  },
  { id: 'no grant', request: aCall(), grants: [], reason: 'no_matching_grant', allowed: true },
  {
    id: 'a deny rule',
    request: aCall(),
    grants: [aGrant({ tool_rules: [{ name: 't', decision: 'deny' }] })],
    reason: 'tool_denied',
    allowed: false,
  },
  {
    id: 'rules for other tools',
    request: aCall(),
    grants: [aGrant({ tool_rules: [{ name: 'x' }] })],
    reason: 'tool_not_granted',
    allowed: true,
  },
  {
    id: 'a tool without a side effect',
    request: aCall({ target: { kind: 'tool', name: 'n' } }),
    grants: [aGrant()],
    reason: 'tool_side_effect_unknown',
    allowed: false,
  },
  {
    id: 'another side effect',
    request: aCall(),
    grants: [aGrant({ allowed_side_effects: [] })],
    reason: 'side_effect_not_allowed',
    allowed: false,
  },
  {
    id: 'too little trust',
    request: aCall(),
    grants: [aGrant({ max_trust: 'low' })],
    reason: 'trust_too_low',
    allowed: false,
  },
] as const;

for (const { id, request, grants, reason, allowed } of SOFTENED) {
  test(`a default of allow ${allowed ? 'lets through' : 'does not soften'}: ${id}`, () => {
    for (const [decision, expected] of [
      ['allow', allowed],
      ['deny', false],
    ] as const) {
      const found = decided(aDocument({ policy: { default_decision: decision }, grants: [...grants] }), request);
      assert.deepEqual([found.reason, found.allowed], [reason, expected]);
      assert.equal(found.status, expected ? 200 : reason === 'missing_identity' ? 401 : 403);
    }
  });
}

test('a tool list shows what the caller may call', () => {
  const grants = [aGrant({ tool_rules: [{ name: 't' }, { name: 'w' }] })];
  const visible = isVisible(compilePolicy(aDocument({ grants })), aCall().identity, NOW, 'tools');
  assert.deepEqual(['t', 'w', 'd', 'n', 'zz', ''].filter(visible), ['t']);
});

test('the readiness check may look and nothing else', () => {
  const policy = compilePolicy(aDocument());
  for (const method of ['initialize', 'ping', 'tools/list']) assert.equal(evaluateProbe(policy, method).allowed, true);
  for (const method of ['tools/call', 'resources/read', 'Ping', '']) {
    assert.equal(evaluateProbe(policy, method).reason, 'unknown_method');
  }
});
