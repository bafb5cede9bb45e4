import { type PolicyDocument, type PolicyDocumentGrant, type PolicyDocumentSession } from '@mcp-runtime/api';
import { compilePolicy } from '../compile.ts';
import { evaluate } from '../evaluate.ts';
import { type DecisionText, decisionText } from '../decision-text.ts';
import { type Identity, type PolicyRequest } from '../request.ts';
import { stamp } from '../revision.ts';

export const NOW: number = Date.parse('2026-05-08T12:00:00Z');

/** What a test says about a document; the rest is a server with four tools, one of each kind, that denies by default. */
export interface DocumentParts extends Partial<Pick<PolicyDocument, 'tools' | 'grants' | 'sessions'>> {
  readonly policy?: PolicyDocument['policy'];
  readonly sessionRequired?: true;
}

export function aDocument({ policy, sessionRequired, ...parts }: DocumentParts = {}): PolicyDocument {
  return stamp({
    schema_version: 'v1',
    revision: '',
    server: { name: 'demo', namespace: 'ns' },
    policy: { mode: 'allow-list', default_decision: 'deny', policy_version: 'pv', ...policy },
    ...(sessionRequired && { session: { required: true } }),
    tools: [
      { name: 't', required_trust: 'medium', side_effect: 'read' },
      { name: 'w', side_effect: 'write' },
      { name: 'd', side_effect: 'destructive', risk_level: 'low' },
      { name: 'n' },
    ],
    ...parts,
  });
}

export function aGrant(parts: Partial<PolicyDocumentGrant> = {}): PolicyDocumentGrant {
  return {
    name: 'g',
    namespace: 'ns',
    human_id: 'h',
    max_trust: 'high',
    allowed_side_effects: ['read'],
    policy_version: 'gv',
    ...parts,
  };
}

export function aSession(parts: Partial<PolicyDocumentSession> = {}): PolicyDocumentSession {
  return { name: 's', namespace: 'ns', human_id: 'h', consented_trust: 'medium', policy_version: 'sv', ...parts };
}

/** A call of tool `t` by human `h`, now. */
export function aCall(
  parts: Partial<Omit<PolicyRequest, 'identity'>> & { readonly identity?: Partial<Identity> } = {},
): PolicyRequest {
  return {
    method: 'tools/call',
    target: { kind: 'tool', name: 't' },
    now: NOW,
    ...parts,
    identity: { human: 'h', agent: '', team: '', session: '', ...parts.identity },
  };
}

/** The decision in the words of the wire, without what does not apply. */
export function decided(document: PolicyDocument, request: PolicyRequest): Partial<DecisionText> {
  const text = decisionText(evaluate(compilePolicy(document), request));
  return Object.fromEntries(Object.entries(text).filter(([, value]) => value !== ''));
}
