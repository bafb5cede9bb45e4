import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MCPServer, SIDE_EFFECTS, type SideEffect } from '@mcp-runtime/api';
import fc from 'fast-check';
import { compilePolicy } from './compile.ts';
import { evaluate } from './evaluate.ts';
import { renderPolicy } from './render.ts';
import { documents, requests } from './testing/arbitrary-documents.ts';
import { aCall, aDocument, aGrant, decided } from './testing/documents.ts';

const effects = fc.constantFrom<(SideEffect | undefined)[]>(undefined, ...SIDE_EFFECTS);

test('what the server says of its tools never allows more', () => {
  fc.assert(
    fc.property(documents, fc.array(effects, { minLength: 4, maxLength: 4 }), requests, (document, said, request) => {
      const tools = document.tools?.map((tool, index) => ({ ...tool, observed_side_effect: said[index] }));
      const after = evaluate(compilePolicy({ ...document, tools }), request);
      if (after.allowed) assert.ok(evaluate(compilePolicy(document), request).allowed);
    }),
    { numRuns: 5000 },
  );
});

const ROWS: readonly (readonly [declared: SideEffect, said: SideEffect, granted: SideEffect[], reason: string])[] = [
  ['read', 'read', ['read'], 'allowed'],
  ['read', 'write', ['read'], 'side_effect_not_allowed'],
  ['read', 'write', ['read', 'write'], 'allowed'],
  ['read', 'destructive', ['read', 'write'], 'side_effect_not_allowed'],
  // Neither side effect stands for the other.
  ['read', 'write', ['write'], 'side_effect_not_allowed'],
  ['write', 'read', ['write'], 'allowed'],
  ['destructive', 'read', ['read'], 'side_effect_not_allowed'],
];

for (const [declared, said, granted, reason] of ROWS) {
  test(`declared ${declared}, said to be ${said}, granted ${granted.join(' and ')}: ${reason}`, () => {
    const tools = [{ name: 't', side_effect: declared, observed_side_effect: said }];
    assert.equal(
      decided(aDocument({ tools, grants: [aGrant({ allowed_side_effects: granted })] }), aCall()).reason,
      reason,
    );
  });
}

test('a tool without a declared side effect cannot be called, whatever the server says', () => {
  const document = aDocument({ tools: [{ name: 't', observed_side_effect: 'read' }], grants: [aGrant()] });
  assert.equal(decided(document, aCall()).reason, 'tool_side_effect_unknown');
});

test('a grant that does not permit what was raised still asks for its trust', () => {
  const raising = aGrant({ name: 'a', tool_rules: [{ name: 't', required_trust: 'high' }] });
  const other = aGrant({ name: 'b', max_trust: 'medium', allowed_side_effects: ['read', 'write'] });
  const tools = [{ name: 't', side_effect: 'read', observed_side_effect: 'write' }];
  assert.equal(decided(aDocument({ tools, grants: [raising, other] }), aCall()).reason, 'trust_too_low');
});

test('only a claim that is more than what the owner declares is rendered', () => {
  const server = MCPServer.parse({
    apiVersion: 'mcpruntime.org/v1alpha1',
    kind: 'MCPServer',
    metadata: { name: 'demo' },
    spec: {
      image: 'x',
      tools: [
        { name: 'more', sideEffect: 'read' },
        { name: 'less', sideEffect: 'destructive' },
        { name: 'silent', sideEffect: 'read' },
      ],
    },
    status: {
      tools: [
        { name: 'more', declared: true, proposedSideEffect: 'destructive', claimedSideEffect: 'destructive' },
        { name: 'less', declared: true, proposedSideEffect: 'read', claimedSideEffect: 'read' },
        { name: 'silent', declared: true, proposedSideEffect: 'destructive' },
      ],
    },
  });
  const { tools = [] } = renderPolicy({ server, grants: [], sessions: [] }).document;
  assert.deepEqual(
    tools.map((tool) => tool.observed_side_effect),
    ['destructive', undefined, undefined],
  );
});
