import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PolicyDocument } from '@mcp-runtime/api';
import { type DecisionText } from './decision-text.ts';
import { type PolicyRequest } from './request.ts';
import { NOW, aCall, aDocument, aGrant, aSession, decided } from './testing/documents.ts';

interface Vector {
  readonly id: string;
  readonly situation: string;
  readonly document: PolicyDocument;
  readonly request: PolicyRequest;
  readonly expect: Partial<DecisionText>;
}

const tool = (name: string): PolicyRequest => aCall({ target: { kind: 'tool', name } });
const inSession = aCall({ identity: { session: 's' } });
const instant = (afterMs: number): string => new Date(NOW + afterMs).toISOString();

const G = { matched_grant: 'g', matched_grant_namespace: 'ns' };
const S = { matched_session: 's', matched_session_namespace: 'ns' };
const allowed = (more: Partial<DecisionText>): Partial<DecisionText> => ({ allowed: true, status: 200, ...more });
const refused = (status: number, more: Partial<DecisionText>): Partial<DecisionText> => ({
  allowed: false,
  status,
  ...more,
});
const READ_T = { required_trust: 'medium', required_side_effect: 'read', risk_level: 'medium' };
const HIGH = { admin_trust: 'high', consented_trust: 'high', effective_trust: 'high' };
const ALLOWED_T = allowed({ reason: 'allowed', policy_version: 'gv', ...READ_T, ...HIGH, ...G });

const VECTORS: readonly Vector[] = [
  {
    id: '1',
    situation: 'a grant and a session',
    document: aDocument({ grants: [aGrant()], sessions: [aSession()] }),
    request: inSession,
    expect: { ...ALLOWED_T, consented_trust: 'medium', effective_trust: 'medium', ...S },
  },
  {
    id: '2',
    situation: 'tools/list without an identity where a session is required',
    document: aDocument({ sessionRequired: true }),
    request: aCall({ method: 'tools/list', target: { kind: 'list', of: 'tools' }, identity: { human: '' } }),
    expect: allowed({ reason: 'allowed', policy_version: 'pv' }),
  },
  {
    id: '3',
    situation: 'a session id and nobody',
    document: aDocument({ grants: [aGrant()], sessions: [aSession()] }),
    request: aCall({ identity: { human: '', session: 's' } }),
    expect: refused(401, { reason: 'missing_identity', policy_version: 'pv' }),
  },
  {
    id: '4',
    situation: 'a session of somebody else',
    document: aDocument({ sessionRequired: true, grants: [aGrant()], sessions: [aSession({ human_id: 'other' })] }),
    request: inSession,
    expect: refused(401, { reason: 'session_not_found', policy_version: 'pv' }),
  },
  {
    id: '5',
    situation: 'a required session that was revoked',
    document: aDocument({ sessionRequired: true, grants: [aGrant()], sessions: [aSession({ revoked: true })] }),
    request: inSession,
    expect: refused(401, { reason: 'session_revoked', policy_version: 'sv', ...S }),
  },
  {
    id: '6a',
    situation: 'an optional session that was revoked caps nothing',
    document: aDocument({ grants: [aGrant()], sessions: [aSession({ revoked: true, consented_trust: 'low' })] }),
    request: inSession,
    expect: ALLOWED_T,
  },
  {
    id: '6b',
    situation: 'an optional session that has expired caps nothing',
    document: aDocument({
      grants: [aGrant()],
      sessions: [aSession({ expires_at: instant(-1000), consented_trust: 'low' })],
    }),
    request: inSession,
    expect: ALLOWED_T,
  },
  {
    id: '7',
    situation: 'no grants, default ALLOW',
    document: aDocument({ policy: { default_decision: 'ALLOW' } }),
    request: aCall(),
    expect: allowed({ reason: 'no_matching_grant', policy_version: 'pv' }),
  },
  {
    id: '8',
    situation: 'a tool without a side effect, default allow',
    document: aDocument({ policy: { default_decision: 'allow' }, grants: [aGrant()] }),
    request: tool('n'),
    expect: refused(403, { reason: 'tool_side_effect_unknown', policy_version: 'gv', required_trust: 'low', ...G }),
  },
  {
    id: '9',
    situation: 'a side effect that the grant lacks, default allow',
    document: aDocument({ policy: { default_decision: 'allow' }, grants: [aGrant()] }),
    request: tool('w'),
    expect: refused(403, {
      reason: 'side_effect_not_allowed',
      policy_version: 'gv',
      required_trust: 'low',
      required_side_effect: 'write',
      risk_level: 'medium',
      ...G,
    }),
  },
  ...['low', 'whatever'].map((consent) => ({
    id: `10 ${consent}`,
    situation: 'consent below what the tool requires',
    document: aDocument({ grants: [aGrant()], sessions: [aSession({ consented_trust: consent })] }),
    request: inSession,
    expect: refused(403, {
      reason: 'trust_too_low',
      policy_version: 'gv',
      ...READ_T,
      admin_trust: 'high',
      consented_trust: 'low',
      effective_trust: 'low',
      ...G,
      ...S,
    }),
  })),
  {
    id: '11',
    situation: 'a session without consent',
    document: aDocument({ grants: [aGrant()], sessions: [aSession({ consented_trust: '' })] }),
    request: inSession,
    expect: { ...ALLOWED_T, ...S },
  },
  {
    id: '12',
    situation: 'a padded deny denies, since validation and decision share one form (the first gateway allowed)',
    document: aDocument({ grants: [aGrant({ tool_rules: [{ name: 't', decision: ' deny' }] })] }),
    request: aCall(),
    expect: refused(403, { reason: 'tool_denied', policy_version: 'gv', ...G }),
  },
  {
    id: '13',
    situation: 'rules for other tools alone',
    document: aDocument({ grants: [aGrant({ tool_rules: [{ name: 'other' }] })] }),
    request: aCall(),
    expect: refused(403, { reason: 'tool_not_granted', policy_version: 'pv' }),
  },
  {
    id: '14',
    situation: 'a destructive tool of declared low risk',
    document: aDocument({ grants: [aGrant({ allowed_side_effects: ['destructive'] })] }),
    request: tool('d'),
    expect: {
      ...ALLOWED_T,
      required_trust: 'low',
      required_side_effect: 'destructive',
      risk_level: 'low',
    },
  },
  {
    id: '15',
    situation: 'the grant that has the side effect gives the trust',
    document: aDocument({
      grants: [aGrant({ name: 'a', max_trust: 'low', allowed_side_effects: ['write'] }), aGrant({ name: 'b' })],
    }),
    request: aCall(),
    expect: { ...ALLOWED_T, matched_grant: 'b' },
  },
  {
    id: '16',
    situation: 'trust of a grant without the side effect does not count',
    document: aDocument({
      grants: [aGrant({ name: 'a', max_trust: 'low' }), aGrant({ name: 'b', allowed_side_effects: ['write'] })],
    }),
    request: aCall(),
    expect: refused(403, {
      reason: 'trust_too_low',
      policy_version: 'gv',
      ...READ_T,
      admin_trust: 'low',
      consented_trust: 'low',
      effective_trust: 'low',
      ...G,
      matched_grant: 'a',
    }),
  },
  {
    id: '17',
    situation: 'one grant raises the requirement, another gives the trust',
    document: aDocument({
      grants: [
        aGrant({ name: 'a', max_trust: 'low', tool_rules: [{ name: 't', required_trust: 'high' }] }),
        aGrant({ name: 'b' }),
      ],
    }),
    request: aCall(),
    expect: { ...ALLOWED_T, required_trust: 'high', matched_grant: 'b' },
  },
  {
    id: '18',
    situation: 'an unlisted tool that is denied by name, default allow',
    document: aDocument({
      policy: { default_decision: 'allow' },
      grants: [aGrant({ tool_rules: [{ name: 'zz', decision: 'DENY' }] })],
    }),
    request: tool('zz'),
    expect: refused(403, { reason: 'tool_denied', policy_version: 'gv', ...G }),
  },
  {
    id: '19',
    situation: 'a deny in a disabled grant',
    document: aDocument({
      grants: [aGrant({ name: 'a', disabled: true, tool_rules: [{ name: 't', decision: 'deny' }] }), aGrant()],
    }),
    request: aCall(),
    expect: ALLOWED_T,
  },
  {
    id: '20',
    situation: 'two grants without the side effect',
    document: aDocument({ grants: [aGrant({ name: 'y' }), aGrant({ name: 'x' })] }),
    request: tool('w'),
    expect: refused(403, {
      reason: 'side_effect_not_allowed',
      policy_version: 'gv',
      required_trust: 'low',
      required_side_effect: 'write',
      risk_level: 'medium',
      ...G,
      matched_grant: 'x',
    }),
  },
  {
    id: '21',
    situation: 'a disabled grant alone, default allow',
    document: aDocument({ policy: { default_decision: 'allow' }, grants: [aGrant({ disabled: true })] }),
    request: aCall(),
    expect: allowed({ reason: 'tool_not_granted', policy_version: 'pv' }),
  },
  {
    id: '22',
    situation: 'a session that ends right now',
    document: aDocument({
      sessionRequired: true,
      grants: [aGrant()],
      sessions: [aSession({ expires_at: instant(0) })],
    }),
    request: inSession,
    expect: { ...ALLOWED_T, consented_trust: 'medium', effective_trust: 'medium', ...S },
  },
  {
    id: '23',
    situation: 'a method in another case is another method',
    document: aDocument(),
    request: aCall({ method: 'Tools/Call' }),
    expect: allowed({ reason: 'allowed', policy_version: 'pv' }),
  },
  {
    id: '24',
    situation: 'a grant for a human in a team, a caller without the team',
    document: aDocument({ grants: [aGrant({ team_id: 'tm' })] }),
    request: aCall(),
    expect: refused(403, { reason: 'no_matching_grant', policy_version: 'pv' }),
  },
  {
    id: '25',
    situation: 'the empty tool name is an unlisted tool',
    document: aDocument({ grants: [aGrant()] }),
    request: tool(''),
    expect: refused(403, { reason: 'tool_side_effect_unknown', policy_version: 'gv', required_trust: 'low', ...G }),
  },
  {
    id: '26',
    situation: 'a grant for nobody',
    document: aDocument({ grants: [aGrant({ human_id: '' })] }),
    request: aCall(),
    expect: refused(403, { reason: 'no_matching_grant', policy_version: 'pv' }),
  },
  {
    id: 'more 1',
    situation: 'a rule raises what a tool requires and never lowers it',
    document: aDocument({ grants: [aGrant({ tool_rules: [{ name: 't', required_trust: 'low' }] })] }),
    request: aCall(),
    expect: ALLOWED_T,
  },
  {
    id: 'more 2',
    situation: 'consent above what the administrator gave adds nothing',
    document: aDocument({
      grants: [aGrant({ max_trust: 'low' })],
      sessions: [aSession({ consented_trust: 'high' })],
    }),
    request: inSession,
    expect: refused(403, {
      reason: 'trust_too_low',
      policy_version: 'gv',
      ...READ_T,
      admin_trust: 'low',
      consented_trust: 'high',
      effective_trust: 'low',
      ...G,
      ...S,
    }),
  },
  {
    id: 'more 3',
    situation: 'of two grants with the side effect, the one with more trust counts, whichever comes first',
    document: aDocument({ grants: [aGrant({ name: 'a' }), aGrant({ name: 'b', max_trust: 'medium' })] }),
    request: aCall(),
    expect: { ...ALLOWED_T, matched_grant: 'a' },
  },
];

for (const { id, situation, document, request, expect } of VECTORS) {
  test(`worked vector ${id}: ${situation}`, () => {
    assert.deepEqual(decided(document, request), expect);
  });
}
