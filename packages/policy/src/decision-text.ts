import { type Decision } from './decision.ts';

/** A decision in the words of the wire: what `policy evaluate` prints. A field that does not apply is `''`. */
export function decisionText(decision: Decision): Readonly<Record<string, string | number | boolean>> {
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
