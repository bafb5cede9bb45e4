import { AUTH_MODES, DENIALS, POLICY_DECISIONS, POLICY_MODES, SIDE_EFFECTS, TRUST_LEVELS } from '@mcp-runtime/api';

/** The closed sets of words in a policy document. */
export const POLICY_VOCABULARY = {
  authModes: AUTH_MODES,
  modes: POLICY_MODES,
  decisions: POLICY_DECISIONS,
  denials: DENIALS,
  trust: TRUST_LEVELS,
  sideEffects: SIDE_EFFECTS,
} as const;
