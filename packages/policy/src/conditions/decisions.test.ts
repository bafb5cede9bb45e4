import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MCPAccessGrant, MCPServer, type PolicyDocument, type PolicyDocumentGrant } from '@mcp-runtime/api';
import fc from 'fast-check';
import { compilePolicy } from '../compile.ts';
import { evaluate, isVisible } from '../evaluate.ts';
import { explain } from '../explain.ts';
import { parsePolicy } from '../parse.ts';
import { renderPolicy } from '../render.ts';
import { stamp } from '../revision.ts';
import { NOW, aCall, aDocument, aGrant } from '../testing/documents.ts';
import { conditionFaults } from './grant-conditions.ts';

const TYPED = [
  { path: '', type: 'object' },
  { path: '/a', type: 'bool' },
  { path: '/b', type: 'bool' },
  { path: '/n', type: 'int' },
];
const TOOLS = [
  { name: 't', side_effect: 'read', arguments: TYPED },
  { name: 'w', side_effect: 'write', arguments: TYPED },
];
type Rule = NonNullable<PolicyDocumentGrant['tool_rules']>[number];

function documentOf(...grants: readonly PolicyDocumentGrant[]): PolicyDocument {
  return aDocument({ tools: TOOLS, grants: [...grants] });
}

function grantOf(name: string, rule: Partial<Rule>, more: Partial<PolicyDocumentGrant> = {}): PolicyDocumentGrant {
  return aGrant({ name, tool_rules: [{ name: 't', ...rule }], ...more });
}

function reasonOf(document: PolicyDocument, given: Readonly<Record<string, unknown>> | undefined): string {
  return evaluate(compilePolicy(document), aCall({ arguments: given })).reason;
}

test('an allow rule counts for calls for which its condition holds', () => {
  const document = documentOf(grantOf('g', { condition: 'arguments.n <= 10' }));
  assert.equal(reasonOf(document, { n: 10 }), 'allowed');
  assert.equal(reasonOf(document, { n: 11 }), 'condition_not_met');
  assert.equal(reasonOf(document, { n: 'x' }), 'condition_not_met');
  assert.equal(reasonOf(document, {}), 'condition_not_met');
  assert.equal(reasonOf(document, undefined), 'condition_not_met');
});

test('a deny rule counts for calls for which its condition holds or cannot be evaluated', () => {
  const deny = grantOf('d', { decision: 'deny', condition: 'arguments.n > 10' });
  const document = documentOf(aGrant({ name: 'g' }), deny);
  assert.equal(reasonOf(document, { n: 10 }), 'allowed');
  assert.equal(reasonOf(document, { n: 11 }), 'tool_denied');
  assert.equal(reasonOf(document, { n: 'x' }), 'tool_denied');
  assert.equal(reasonOf(document, {}), 'tool_denied');
});

test('a condition reads who calls', () => {
  const document = aDocument({ grants: [grantOf('g', { condition: 'arguments.owner == identity.human' })] });
  assert.equal(reasonOf(document, { owner: 'h' }), 'allowed');
  assert.equal(reasonOf(document, { owner: 'i' }), 'condition_not_met');
});

test('a rule of a prompt may have a condition, and completing the prompt asks whether some use of it is allowed', () => {
  const rule = { name: 'p', condition: 'arguments.lang == "en"' };
  const document = aDocument({ policy: { enforce_on: 'all' }, grants: [aGrant({ prompt_rules: [rule] })] });
  const policy = compilePolicy(document);
  const ask = (method: string, given: Readonly<Record<string, unknown>>): boolean =>
    evaluate(policy, aCall({ method, target: { kind: 'prompt', name: 'p' }, arguments: given })).allowed;
  assert.ok(ask('prompts/get', { lang: 'en' }));
  assert.equal(ask('prompts/get', { lang: 'de' }), false);
  assert.ok(ask('completion/complete', {}));
});

test('observe mode records what a condition would have denied', () => {
  const { policy, ...rest } = documentOf(grantOf('g', { condition: 'arguments.n <= 10' }));
  const observed = compilePolicy({ ...rest, policy: { ...policy, mode: 'observe' } });
  const decision = evaluate(observed, aCall({ arguments: { n: 11 } }));
  assert.ok(decision.allowed);
  assert.equal(decision.shadow?.reason, 'condition_not_met');
});

test('an explanation shows each condition and the kinds of what it saw, and no argument', () => {
  const document = documentOf(grantOf('g', { condition: 'arguments.n <= 10' }));
  const { steps } = explain(compilePolicy(document), aCall({ arguments: { n: 123456789 } }));
  const step = steps.find(({ condition }) => condition === 'conditions of rules on its arguments');
  assert.equal(step?.saw, 'ns/g allows when arguments.n <= 10: fails (arguments.n is a number)');
  assert.doesNotMatch(JSON.stringify(steps), /123456789/);
});

const FAULTY: readonly (readonly [rule: Rule, says: RegExp])[] = [
  [
    { name: 't', condition: 'arguments.m == 1' },
    /^policy: grants\[0\]\.tool_rules\[0\]\.condition: `arguments\.m == 1` for `t`: `arguments\.m` is not in the input schema of the tool, allowed: a, b, n$/,
  ],
  [{ name: 't', condition: 'arguments.n == "1"' }, /no such overload: int == string/],
  [{ name: 'unknown', condition: 'arguments.n ==' }, /Unexpected token/],
];

for (const [rule, says] of FAULTY) {
  test(`a document with ${rule.condition} is refused`, () => {
    const parsed = parsePolicy(JSON.stringify(documentOf(aGrant({ tool_rules: [rule] }))));
    assert.match(parsed.ok ? 'accepted' : parsed.message, says);
  });
}

const TYPE_FAULTS: readonly (readonly [lines: typeof TYPED, says: RegExp])[] = [
  [[{ path: '/a', type: 'int' }], /tools\[0\]\.arguments\[0\]\.path: the first line is the object itself/],
  [[{ path: '', type: 'string' }], /tools\[0\]\.arguments\[0\]\.type: found `string`, allowed: object/],
  [[...TYPED, { path: '/a', type: 'int' }], /arguments\[4\]\.path: `\/a` is there twice/],
  [[...TYPED, { path: '/c', type: 'number' }], /arguments\[4\]\.type: found `number`, allowed: string, int, /],
];

for (const [lines, says] of TYPE_FAULTS) {
  test(`a document whose types of arguments are not right is refused: ${says.source.slice(0, 50)}`, () => {
    const parsed = parsePolicy(JSON.stringify(stamp(aDocument({ tools: [{ name: 't', arguments: lines }] }))));
    assert.match(parsed.ok ? 'accepted' : parsed.message, says);
  });
}

/** Conditions on two arguments that do not depend on each other: every way for them to hold exists. */
const condition = fc.constantFrom(undefined, 'arguments.a', 'arguments.b', '!arguments.a', '!arguments.b');
const ruledGrant = (name: string): fc.Arbitrary<PolicyDocumentGrant> =>
  fc
    .record({
      max_trust: fc.constantFrom('low', 'medium', 'high'),
      allowed_side_effects: fc.subarray(['read', 'write']),
      rules: fc.uniqueArray(
        fc.record({
          name: fc.constantFrom('t', 'w'),
          decision: fc.constantFrom('allow', 'allow', 'deny'),
          required_trust: fc.constantFrom('low', 'medium', 'high'),
          condition,
        }),
        { selector: (rule) => rule.name, maxLength: 2 },
      ),
    })
    .map(({ rules, ...fields }) => aGrant({ name, ...fields, tool_rules: rules }));
const ruledDocuments = fc
  .record({ grants: fc.tuple(ruledGrant('x'), ruledGrant('y')), decision: fc.constantFrom('deny', 'allow') })
  .map(({ grants, decision }) => aDocument({ policy: { default_decision: decision }, tools: TOOLS, grants }));
const EVERY_CALL = [true, false].flatMap((a) => [true, false].map((b) => ({ a, b })));

function isUsable(document: PolicyDocument, name: string): boolean {
  const policy = compilePolicy(document);
  const target = { kind: 'tool', name } as const;
  return EVERY_CALL.some((given) => evaluate(policy, aCall({ target, arguments: given })).allowed);
}

test('a tool that some arguments may be used with is seen', () => {
  fc.assert(
    fc.property(ruledDocuments, fc.constantFrom('t', 'w'), (document, name) => {
      const sees = isVisible(compilePolicy(document), aCall().identity, NOW, 'tools')(name);
      if (isUsable(document, name)) assert.ok(sees);
    }),
    { numRuns: 3000 },
  );
});

test('a tool that is seen can be used with some arguments, where no two conditions are about the same argument', () => {
  const independent = ruledDocuments.map((document) => ({
    ...document,
    grants: document.grants?.map((grant, index) => ({
      ...grant,
      tool_rules: grant.tool_rules?.map((rule) => ({
        ...rule,
        condition: rule.condition === undefined ? undefined : ['arguments.a', 'arguments.b'][index],
      })),
    })),
  }));
  fc.assert(
    fc.property(independent, fc.constantFrom('t', 'w'), (document, name) => {
      const sees = isVisible(compilePolicy(document), aCall().identity, NOW, 'tools')(name);
      assert.equal(sees, isUsable(document, name));
    }),
    { numRuns: 3000 },
  );
});

test('adding a grant that denies under a condition never allows more', () => {
  fc.assert(
    fc.property(ruledDocuments, condition, fc.constantFrom(...EVERY_CALL, {}), (document, text, given) => {
      const deny = grantOf('z', { decision: 'deny', condition: text });
      const request = aCall({ arguments: given });
      const after = evaluate(compilePolicy({ ...document, grants: [...(document.grants ?? []), deny] }), request);
      if (after.allowed) assert.ok(evaluate(compilePolicy(document), request).allowed);
    }),
    { numRuns: 2000 },
  );
});

test('under a default of deny, adding a condition to an allow rule never allows more where rules raise no trust', () => {
  const plain = ruledDocuments.map((document) => ({
    ...document,
    policy: { ...document.policy, default_decision: 'deny' },
    grants: document.grants?.map((grant) => ({
      ...grant,
      tool_rules: grant.tool_rules?.map((rule) => ({ ...rule, required_trust: 'low' })),
    })),
  }));
  fc.assert(
    fc.property(plain, fc.constantFrom(...EVERY_CALL, {}), (document, given) => {
      const grants = document.grants?.map((grant) => ({
        ...grant,
        tool_rules: grant.tool_rules?.map((rule) =>
          rule.decision === 'deny' ? rule : { ...rule, condition: rule.condition ?? 'arguments.a' },
        ),
      }));
      const request = aCall({ arguments: given });
      if (evaluate(compilePolicy({ ...document, grants }), request).allowed)
        assert.ok(evaluate(compilePolicy(document), request).allowed);
    }),
    { numRuns: 2000 },
  );
});

const head = { apiVersion: 'mcpruntime.org/v1alpha1', metadata: { name: 'demo', namespace: 'ns' } };
const inputSchema = { type: 'object', properties: { n: { type: 'integer' } } };

function serverOf(schema: Readonly<Record<string, unknown>> | undefined): MCPServer {
  const tool = { name: 't', sideEffect: 'read', ...(schema && { inputSchema: schema }) };
  return MCPServer.parse({ ...head, kind: 'MCPServer', spec: { image: 'x', tools: [tool] } });
}

function grantResource(rule: Readonly<Record<string, unknown>>): MCPAccessGrant {
  const spec = { serverRef: { name: 'demo' }, subject: { humanID: 'h' }, allowedSideEffects: ['read'] };
  const toolRules = [{ name: 't', decision: 'allow', ...rule }];
  return MCPAccessGrant.parse({ ...head, kind: 'MCPAccessGrant', spec: { ...spec, toolRules } });
}

test('the condition of a grant is held against the schema that is declared, else against what the server told', () => {
  const grant = grantResource({ condition: 'arguments.m > 1' });
  const says = [
    'spec.toolRules[0].condition: `arguments.m > 1` for `t`: `arguments.m` is not in the input schema of the tool, allowed: n',
  ];
  assert.deepEqual(conditionFaults(grant, serverOf(inputSchema)), says);
  const told = {
    name: 't',
    declared: true,
    proposedSideEffect: 'read' as const,
    arguments: [
      { path: '', type: 'object' },
      { path: '/n', type: 'int' },
    ],
  };
  assert.deepEqual(conditionFaults(grant, { ...serverOf(undefined), status: { tools: [told] } }), says);
  assert.deepEqual(conditionFaults(grant, serverOf(undefined)), []);
});

test('a condition that came to be at fault helps nobody and keeps no policy from being loaded', () => {
  const allow = grantResource({ condition: 'arguments.m > 1' });
  const deny = grantResource({ decision: 'deny', condition: 'arguments.m > 1' });
  for (const [grant, reason] of [[allow, 'condition_not_met'] as const, [deny, 'tool_denied'] as const]) {
    const { document } = renderPolicy({ server: serverOf(inputSchema), grants: [grant], sessions: [] });
    const parsed = parsePolicy(JSON.stringify(document));
    assert.ok(parsed.ok);
    assert.equal(reasonOf(parsed.document, { n: 2, m: 2 }), reason);
  }
});

test('a tool whose rule is at fault is not seen, since no arguments are allowed', () => {
  const fault = 'arguments.nowhere == 1';
  const sees = (...grants: readonly PolicyDocumentGrant[]): boolean =>
    isVisible(compilePolicy(documentOf(...grants)), aCall().identity, NOW, 'tools')('t');
  assert.equal(sees(grantOf('g', { condition: fault })), false);
  assert.equal(sees(aGrant({ name: 'g' }), grantOf('d', { decision: 'deny', condition: fault })), false);
});

test('the result of a task may be had by whoever may call its tool with some arguments', () => {
  const policy = compilePolicy(documentOf(grantOf('g', { condition: 'arguments.n <= 10' })));
  const follow = (tool: string): boolean =>
    evaluate(policy, aCall({ method: 'tasks/get', target: { kind: 'task', id: '1', tool } })).allowed;
  assert.ok(follow('t'));
  assert.equal(follow('w'), false);
});
