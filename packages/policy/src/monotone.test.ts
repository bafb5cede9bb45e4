import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PolicyDocument, type PolicyDocumentGrant, type PolicyDocumentSession } from '@mcp-runtime/api';
import fc from 'fast-check';
import { compilePolicy } from './compile.ts';
import { evaluate } from './evaluate.ts';
import { type PolicyRequest } from './request.ts';
import {
  denyingDocuments,
  enforcingDocuments,
  requests,
  thingName,
  uriPattern,
} from './testing/arbitrary-documents.ts';
import { aCall, aDocument, aGrant } from './testing/documents.ts';

/** A change of one grant or session that takes something away. */
interface Restriction {
  readonly says: string;
  readonly among: fc.Arbitrary<PolicyDocument>;
  readonly grant?: fc.Arbitrary<(grant: PolicyDocumentGrant) => PolicyDocumentGrant>;
  readonly session?: fc.Arbitrary<(session: PolicyDocumentSession) => PolicyDocumentSession>;
}

const unchanged = fc.constant(<T>(same: T): T => same);

const RESTRICTIONS: readonly Restriction[] = [
  { says: 'adding a deny rule', among: denyingDocuments, grant: denyRules() },
  {
    says: 'adding a deny rule to a grant that has rules, whatever the default,',
    among: enforcingDocuments,
    grant: denyRules().map((deny) => (grant) => (hasRules(grant) ? deny(grant) : grant)),
  },
  {
    says: 'removing a side effect, where no rule of a grant raises the required trust,',
    among: enforcingDocuments.map(withoutRaisedTrust),
    grant: fc.subarray(['read', 'write', 'destructive']).map((kept) => (grant) => ({
      ...grant,
      allowed_side_effects: (grant.allowed_side_effects ?? []).filter((effect) => kept.includes(effect)),
    })),
  },
  {
    says: 'lowering the trust of a grant',
    among: enforcingDocuments,
    grant: lowerTrust().map((lower) => (grant) => ({ ...grant, max_trust: lower(grant.max_trust || 'low') })),
  },
  {
    says: 'lowering consent',
    among: enforcingDocuments,
    session: lowerTrust().map((lower) => (session) => ({
      ...session,
      consented_trust: lower(session.consented_trust || 'high'),
    })),
  },
  {
    says: 'revoking a session that is required',
    among: enforcingDocuments.map((document) => ({ ...document, session: { required: true } })),
    session: fc.constant((session) => ({ ...session, revoked: true })),
  },
];

for (const { says, among, grant = unchanged, session = unchanged } of RESTRICTIONS) {
  test(`${says} never allows more`, () => {
    const changes = fc.record({ at: fc.nat({ max: 4 }), grant, session });
    fc.assert(
      fc.property(among, changes, requests, (document, change, request) => {
        const after = {
          ...document,
          grants: document.grants?.map((one, index) => (index === change.at ? change.grant(one) : one)),
          sessions: document.sessions?.map((one, index) => (index === change.at ? change.session(one) : one)),
        };
        if (allows(after, request)) assert.ok(allows(document, request), 'denied before the change, allowed after it');
      }),
      { numRuns: 2000 },
    );
  });
}

test('a tool that a grant in force denies by name is denied, whatever else there is', () => {
  fc.assert(
    fc.property(enforcingDocuments, requests, thingName, (document, request, name) => {
      const human = request.identity.human || 'h';
      const denying = { name: 'last', namespace: 'z', human_id: human, tool_rules: [{ name, decision: 'deny' }] };
      const call: PolicyRequest = {
        ...request,
        method: 'tools/call',
        target: { kind: 'tool', name },
        identity: { ...request.identity, human },
      };
      assert.equal(allows({ ...document, grants: [...(document.grants ?? []), denying] }, call), false);
    }),
    { numRuns: 2000 },
  );
});

test('the two limits of these laws, both of the published evaluation order', () => {
  const raising = (effects: string[]): PolicyDocumentGrant =>
    aGrant({
      name: 'a',
      max_trust: 'low',
      allowed_side_effects: effects,
      tool_rules: [{ name: 't', required_trust: 'high' }],
    });
  const medium = aGrant({ name: 'b', max_trust: 'medium' });
  // A rule raises the required trust only where its own grant allows the side effect.
  assert.equal(allows(aDocument({ grants: [raising(['read']), medium] }), aCall()), false);
  assert.equal(allows(aDocument({ grants: [raising([]), medium] }), aCall()), true);
  // The first rule of a grant turns "every tool" into "these tools"; the others fall to the default.
  const policy = { default_decision: 'allow' };
  const low = aGrant({ max_trust: 'low' });
  assert.equal(allows(aDocument({ policy, grants: [low] }), aCall()), false);
  const denying = { ...low, tool_rules: [{ name: 'other', decision: 'deny' }] };
  assert.equal(allows(aDocument({ policy, grants: [denying] }), aCall()), true);
});

function allows(document: PolicyDocument, request: PolicyRequest): boolean {
  return evaluate(compilePolicy(document), request).allowed;
}

function hasRules({ tool_rules = [], prompt_rules = [], resource_rules = [] }: PolicyDocumentGrant): boolean {
  return tool_rules.length + prompt_rules.length + resource_rules.length > 0;
}

/** Put first: of two rules for one name the first counts, and of those for a URI any that denies. */
function denyRules(): fc.Arbitrary<(grant: PolicyDocumentGrant) => PolicyDocumentGrant> {
  const named = fc.tuple(fc.constantFrom('tool_rules' as const, 'prompt_rules' as const), thingName);
  return fc.oneof(
    named.map(([member, name]) => (grant: PolicyDocumentGrant) => ({
      ...grant,
      [member]: [{ name, decision: 'deny' }, ...(grant[member] ?? [])],
    })),
    uriPattern.map((uri) => (grant: PolicyDocumentGrant) => ({
      ...grant,
      resource_rules: [{ uri, decision: 'deny' }, ...(grant.resource_rules ?? [])],
    })),
  );
}

function lowerTrust(): fc.Arbitrary<(trust: string) => string> {
  const levels = ['low', 'medium', 'high'];
  return fc.nat({ max: 2 }).map((most) => (trust) => {
    return levels[Math.min(most, Math.max(0, levels.indexOf(trust.trim().toLowerCase())))] ?? 'low';
  });
}

function withoutRaisedTrust(document: PolicyDocument): PolicyDocument {
  const plain = <R extends { readonly required_trust?: string | undefined }>(rules: readonly R[] | undefined): R[] =>
    (rules ?? []).map((rule) => ({ ...rule, required_trust: '' }));
  const grants = document.grants?.map((grant) => ({
    ...grant,
    tool_rules: plain(grant.tool_rules),
    prompt_rules: plain(grant.prompt_rules),
    resource_rules: plain(grant.resource_rules),
  }));
  return { ...document, grants };
}
