import { type Decision } from './decision.ts';

/** A decision in the words of the wire: what `policy evaluate` prints. A field that does not apply is `''`. */
export interface DecisionText {
  readonly allowed: boolean;
  readonly status: number;
  readonly reason: string;
  readonly policy_version: string;
  readonly required_trust: string;
  readonly required_side_effect: string;
  readonly risk_level: string;
  readonly admin_trust: string;
  readonly consented_trust: string;
  readonly effective_trust: string;
  readonly matched_grant: string;
  readonly matched_grant_namespace: string;
  readonly matched_session: string;
  readonly matched_session_namespace: string;
}

export function decisionText(decision: Decision): DecisionText {
  return {
    allowed: decision.allowed,
    status: decision.status,
    reason: decision.reason,
    policy_version: decision.policyVersion,
    required_trust: decision.requiredTrust,
    required_side_effect: decision.requiredSideEffect,
    risk_level: decision.riskLevel,
    admin_trust: decision.adminTrust,
    consented_trust: decision.consentedTrust,
    effective_trust: decision.effectiveTrust,
    matched_grant: decision.matchedGrant?.name ?? '',
    matched_grant_namespace: decision.matchedGrant?.namespace ?? '',
    matched_session: decision.matchedSession?.name ?? '',
    matched_session_namespace: decision.matchedSession?.namespace ?? '',
  };
}
