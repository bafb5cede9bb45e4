import { z } from 'zod';
import { NamespaceName, ObjectName } from './meta.ts';

export const TRUST_LEVELS = ['low', 'medium', 'high'] as const;
export const SIDE_EFFECTS = ['read', 'write', 'destructive'] as const;
export const AUTH_MODES = ['none', 'header', 'oauth', 'mtls', 'token'] as const;
export const POLICY_MODES = ['allow-list', 'observe'] as const;
export const POLICY_DECISIONS = ['allow', 'deny'] as const;
export const ENFORCE_ON = ['call_tool', 'all'] as const;
export const DENIALS = ['conceal', 'explain', 'http'] as const;
export const ROLLOUT_STRATEGIES = ['RollingUpdate', 'Recreate', 'Canary'] as const;
export const ROLLOUT_PHASES = ['Progressing', 'Held', 'Promoted', 'RolledBack'] as const;

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

export const TeamId = z
  .string()
  .max(128)
  .regex(/^\S*$/, { error: 'must not contain white space' })
  .meta({ description: 'Platform team.' });

export const Labels = z.record(z.string(), z.string());

export const Subject = z
  .strictObject({
    humanID: z.string().max(1024).optional().meta({ description: 'The human, matched exactly and by case.' }),
    agentID: z.string().max(1024).optional().meta({ description: 'The agent, matched exactly and by case.' }),
    teamID: TeamId.optional(),
  })
  .meta({ description: 'Who. Every field that is set must match; a subject with no field matches nobody.' });

export type Subject = z.infer<typeof Subject>;

export const ServerRef = z
  .strictObject({
    name: ObjectName.meta({ description: 'Name of the MCPServer.' }),
    namespace: NamespaceName.optional().meta({
      description:
        "Namespace of the MCPServer; the object's own when absent. Another one counts only if that server admits it.",
    }),
  })
  .meta({ description: 'The server that this is about.' });

/** RFC 3339 instant with zone, as Kubernetes writes `date-time`. */
export const Instant = z.iso.datetime({ offset: true });

export const SecretKeyRef = z.strictObject({
  name: ObjectName.meta({ description: 'Name of the Secret.' }),
  key: z.string().min(1).max(253).meta({ description: 'Key inside the Secret.' }),
});
