import { AUTH_MODES, POLICY_DECISIONS, POLICY_MODES, SIDE_EFFECTS, TRUST_LEVELS } from '@mcp-runtime/api';

/** The closed sets of words in a policy document. */
export const POLICY_VOCABULARY = {
  authModes: AUTH_MODES,
  modes: POLICY_MODES,
  decisions: POLICY_DECISIONS,
  trust: TRUST_LEVELS,
  sideEffects: SIDE_EFFECTS,
} as const;
