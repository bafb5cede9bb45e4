import { ERRORS, type ErrorCode, type SideEffect, type TrustLevel } from '@mcp-runtime/api';

export interface MatchedObject {
  readonly name: string;
  readonly namespace: string;
}

/** What a decision tells beside its verdict; `''` and undefined are "does not apply". */
export interface DecisionFacts {
  readonly policyVersion: string;
  readonly requiredTrust: TrustLevel | '';
  readonly requiredSideEffect: SideEffect | '';
  readonly riskLevel: TrustLevel | '';
  readonly adminTrust: TrustLevel | '';
  readonly consentedTrust: TrustLevel | '';
  readonly effectiveTrust: TrustLevel | '';
  readonly matchedGrant: MatchedObject | undefined;
  readonly matchedSession: MatchedObject | undefined;
}

export interface Denial extends DecisionFacts {
  readonly allowed: false;
  readonly reason: ErrorCode;
  readonly message: string;
  /** HTTP status. */
  readonly status: number;
  readonly revision: string;
  /** Every scope that the request needs, where one of them is missing. */
  readonly scopes?: readonly string[];
}

class IssuedPermit implements DecisionFacts {
  // oxlint-disable-next-line no-unused-private-class-members -- `#proof in value` reads it
  readonly #proof = true;
  readonly allowed = true;
  readonly status = 200;
  readonly policyVersion: string;
  readonly requiredTrust: DecisionFacts['requiredTrust'];
  readonly requiredSideEffect: DecisionFacts['requiredSideEffect'];
  readonly riskLevel: DecisionFacts['riskLevel'];
  readonly adminTrust: DecisionFacts['adminTrust'];
  readonly consentedTrust: DecisionFacts['consentedTrust'];
  readonly effectiveTrust: DecisionFacts['effectiveTrust'];
  readonly matchedGrant: DecisionFacts['matchedGrant'];
  readonly matchedSession: DecisionFacts['matchedSession'];
  /** `allowed`, or what was missing where the default decision let the call through. */
  readonly reason: 'allowed' | ErrorCode;
  readonly message: string;
  readonly revision: string;
  /** In observe mode: what enforcement would have said. */
  readonly shadow: Decision | undefined;

  constructor(reason: 'allowed' | ErrorCode, revision: string, facts: DecisionFacts, shadow: Decision | undefined) {
    this.policyVersion = facts.policyVersion;
    this.requiredTrust = facts.requiredTrust;
    this.requiredSideEffect = facts.requiredSideEffect;
    this.riskLevel = facts.riskLevel;
    this.adminTrust = facts.adminTrust;
    this.consentedTrust = facts.consentedTrust;
    this.effectiveTrust = facts.effectiveTrust;
    this.matchedGrant = facts.matchedGrant;
    this.matchedSession = facts.matchedSession;
    this.reason = reason;
    this.message = reason === 'allowed' ? 'allowed' : `allowed by default: ${ERRORS[reason].meaning}`;
    this.revision = revision;
    this.shadow = shadow;
  }

  static isOne(value: object): boolean {
    return #proof in value;
  }
}

/** Proof that a call was authorized. The class is not exported, and its private field makes it nominal. */
export type Permit = IssuedPermit;
export type Decision = Permit | Denial;

/** For this room only: the root does not export it. */
export function issuePermit(
  reason: 'allowed' | ErrorCode,
  revision: string,
  facts: DecisionFacts,
  shadow?: Decision,
): Permit {
  return new IssuedPermit(reason, revision, facts, shadow);
}

export function deny(reason: ErrorCode, revision: string, facts: DecisionFacts, message: string): Denial {
  return { ...facts, allowed: false, reason, message, status: ERRORS[reason].http, revision };
}

/** Whether a value really came from `evaluate`, for a forwarder that wants to be sure at run time too. */
export function isPermit(value: object): value is Permit {
  return IssuedPermit.isOne(value);
}

export const NO_FACTS: DecisionFacts = {
  policyVersion: '',
  requiredTrust: '',
  requiredSideEffect: '',
  riskLevel: '',
  adminTrust: '',
  consentedTrust: '',
  effectiveTrust: '',
  matchedGrant: undefined,
  matchedSession: undefined,
};

/** What a decision tells beside its verdict, alone. */
export function factsOfDecision(decision: DecisionFacts): DecisionFacts {
  const { policyVersion, requiredTrust, requiredSideEffect, riskLevel } = decision;
  const { adminTrust, consentedTrust, effectiveTrust, matchedGrant, matchedSession } = decision;
  const trust = { requiredTrust, adminTrust, consentedTrust, effectiveTrust };
  return { policyVersion, ...trust, requiredSideEffect, riskLevel, matchedGrant, matchedSession };
}
