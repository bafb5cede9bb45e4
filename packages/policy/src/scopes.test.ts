import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PolicyDocument } from '@mcp-runtime/api';
import fc from 'fast-check';
import { compilePolicy } from './compile.ts';
import { type Decision } from './decision.ts';
import { evaluate, isVisible } from './evaluate.ts';
import { explain } from './explain.ts';
import { parsePolicy } from './parse.ts';
import { type PolicyRequest } from './request.ts';
import { revisionOf, stamp } from './revision.ts';
import { basicScopes } from './scopes.ts';
import { documents, requests } from './testing/arbitrary-documents.ts';

const ALICE = { human: 'alice', agent: '', team: '', session: '' };
const DOCUMENT: PolicyDocument = {
  schema_version: 'v1',
  revision: 'r',
  server: { name: 's', namespace: 'ns' },
  auth: {
    mode: 'oauth',
    issuer_url: 'https://issuer.example.com',
    required_scopes: ['mcp'],
    side_effect_scopes: { read: ['files:read'], write: ['files:write'] },
  },
  policy: { enforce_on: 'all' },
  tools: [
    { name: 'read', side_effect: 'read' },
    { name: 'write', side_effect: 'write' },
    { name: 'share', side_effect: 'write', required_scopes: ['share', 'mcp'] },
    { name: 'wipe', side_effect: 'destructive' },
  ],
  grants: [{ name: 'g', human_id: 'alice', max_trust: 'high', allowed_side_effects: ['read', 'write'] }],
};
const POLICY = compilePolicy(DOCUMENT);

function decide(what: Pick<PolicyRequest, 'method' | 'target'>, scopes: string, policy = POLICY): Decision {
  const held = new Set(scopes.split(' ').filter((one) => one !== ''));
  return evaluate(policy, { ...what, identity: ALICE, scopes: held, now: 0 });
}

const tool = (name: string) => ({ method: 'tools/call', target: { kind: 'tool', name } }) as const;

const ROWS: readonly {
  readonly what: string;
  readonly asked: Pick<PolicyRequest, 'method' | 'target'>;
  readonly held: string;
  readonly needed: readonly string[] | 'allowed' | 'side_effect_not_allowed';
}[] = [
  { what: 'a request', asked: { method: 'ping', target: { kind: 'server' } }, held: '', needed: ['mcp'] },
  { what: 'a request', asked: { method: 'ping', target: { kind: 'server' } }, held: 'mcp', needed: 'allowed' },
  {
    what: 'a list',
    asked: { method: 'tools/list', target: { kind: 'list', of: 'tools' } },
    held: 'mcp',
    needed: 'allowed',
  },
  { what: 'a read', asked: tool('read'), held: 'mcp', needed: ['mcp', 'files:read'] },
  { what: 'a read', asked: tool('read'), held: 'files:read mcp other', needed: 'allowed' },
  { what: 'a write', asked: tool('write'), held: 'mcp files:read', needed: ['mcp', 'files:write'] },
  { what: 'a tool with its own', asked: tool('share'), held: 'mcp', needed: ['mcp', 'files:write', 'share'] },
  { what: 'a tool with its own', asked: tool('share'), held: 'mcp files:write share', needed: 'allowed' },
  {
    what: 'a resource',
    asked: { method: 'resources/read', target: { kind: 'resource', uri: 'a:b' } },
    held: 'mcp',
    needed: ['mcp', 'files:read'],
  },
  {
    what: 'a prompt',
    asked: { method: 'prompts/get', target: { kind: 'prompt', name: 'p' } },
    held: 'mcp files:read',
    needed: 'allowed',
  },
  { what: 'what no scope helps with', asked: tool('wipe'), held: '', needed: 'side_effect_not_allowed' },
];

for (const { what, asked, held, needed } of ROWS) {
  test(`${what} (${asked.method}) with \`${held}\`: ${String(needed)}`, () => {
    const decision = decide(asked, held);
    if (typeof needed === 'string') return assert.equal(decision.reason, needed);
    assert.equal(decision.reason, 'insufficient_scope');
    assert.deepEqual(!decision.allowed && decision.scopes, needed);
  });
}

test('what is allowed by default needs its scopes too, and observing tells what would be missing', () => {
  const lenient = compilePolicy({ ...DOCUMENT, policy: { default_decision: 'allow', enforce_on: 'all' }, grants: [] });
  assert.equal(decide(tool('read'), 'mcp', lenient).reason, 'insufficient_scope');
  assert.equal(decide(tool('read'), 'mcp files:read', lenient).allowed, true);
  const observing = decide(tool('read'), '', compilePolicy({ ...DOCUMENT, policy: { mode: 'observe' } }));
  assert.ok(observing.allowed);
  assert.equal(observing.shadow?.reason, 'insufficient_scope');
});

test('a credential without scopes has none, and lists show what scopes would open', () => {
  const asked = { ...tool('read'), identity: ALICE, now: 0 };
  assert.equal(evaluate(POLICY, asked).reason, 'insufficient_scope');
  const sees = isVisible(POLICY, ALICE, 0, 'tools');
  assert.deepEqual([sees('share'), sees('wipe')], [true, false]);
});

test('the explanation ends with the scopes', () => {
  const { steps, decision } = explain(POLICY, { ...tool('write'), identity: ALICE, scopes: new Set(['mcp']), now: 0 });
  assert.equal(decision.reason, 'insufficient_scope');
  assert.deepEqual(steps.at(-1), {
    condition: 'the token has the scopes',
    saw: 'needed `mcp`, `files:write`, held `mcp`',
    result: 'denies',
  });
});

test('the scopes that a client asks for first are those of reading', () => {
  assert.deepEqual(POLICY.scopes && basicScopes(POLICY.scopes), ['mcp', 'files:read']);
});

test('scopes that could break out of a challenge, and scopes without OAuth, are refused', () => {
  const refused = (change: Partial<PolicyDocument>): string => {
    const parsed = parsePolicy(JSON.stringify(stamp({ ...DOCUMENT, ...change })));
    return parsed.ok ? 'valid' : parsed.message;
  };
  assert.equal(refused({}), 'valid');
  for (const scope of ['a b', 'a"b', 'a\\b', '', 'a\n', 'é'])
    assert.match(refused({ auth: { ...DOCUMENT.auth, required_scopes: [scope] } }), /OAuth scopes/, scope);
  assert.match(refused({ auth: { ...DOCUMENT.auth, mode: 'token' } }), /must be oauth/);
});

test('a document without scopes keeps its revision', () => {
  const { required_scopes: _r, side_effect_scopes: _s, ...auth } = DOCUMENT.auth ?? {};
  const without = { ...DOCUMENT, auth, tools: [] };
  const empty = { ...DOCUMENT, auth: { ...auth, required_scopes: [] }, tools: [] };
  assert.equal(revisionOf(empty), revisionOf(without));
});

test('scopes only narrow: with any rules and any scopes, nothing is allowed that is not allowed without them', () => {
  const scope = fc.constantFrom('a', 'b', 'c');
  const scopes = fc.uniqueArray(scope, { maxLength: 3 });
  fc.assert(
    fc.property(documents, requests, scopes, scopes, scopes, (document, request, every, read, held) => {
      const auth = { ...document.auth, mode: 'oauth', required_scopes: every, side_effect_scopes: { read } };
      const narrowed = evaluate(compilePolicy({ ...document, auth }), { ...request, scopes: new Set(held) });
      const without = evaluate(compilePolicy(document), request);
      if (narrowed.allowed) assert.ok(without.allowed);
      const all = evaluate(compilePolicy({ ...document, auth }), { ...request, scopes: new Set(['a', 'b', 'c']) });
      assert.equal(all.allowed, without.allowed);
    }),
  );
});
