import { z } from 'zod';

export const TRUST_LEVELS = ['low', 'medium', 'high'] as const;
export const SIDE_EFFECTS = ['read', 'write', 'destructive'] as const;
export const AUTH_MODES = ['none', 'header', 'oauth', 'mtls', 'token'] as const;
export const POLICY_MODES = ['allow-list', 'observe'] as const;
export const POLICY_DECISIONS = ['allow', 'deny'] as const;
export const DENIALS = ['conceal', 'explain', 'http'] as const;

/** How a grant or session stands. More may come: readers take others for reasons not to count. */
export const ACCESS_PHASES = [
  'Active',
  'NotYetValid',
  'Expired',
  'Revoked',
  'Disabled',
  'ServerNotFound',
  'NotAdmitted',
  'SubjectMatchesNobody',
  'ConditionFault',
] as const;

export type AccessPhase = (typeof ACCESS_PHASES)[number];
export type TrustLevel = (typeof TRUST_LEVELS)[number];
export type SideEffect = (typeof SIDE_EFFECTS)[number];
export type AuthMode = (typeof AUTH_MODES)[number];
export type Denials = (typeof DENIALS)[number];
export type PolicyDecision = (typeof POLICY_DECISIONS)[number];

export const TrustLevel = z.enum(TRUST_LEVELS);
export const SideEffect = z.enum(SIDE_EFFECTS);
export const PolicyDecision = z.enum(POLICY_DECISIONS);
