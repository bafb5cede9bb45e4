import { z } from 'zod';
import { ANONYMOUS } from '../names.ts';
import { TrustLevel } from './closed-sets.ts';
import { SecretKeyRef, ServerRef, Subject } from './references.ts';
import { AccessStatus } from './grant.ts';
import { Instant, resourceSchema } from './meta.ts';
import { type CrossFieldRule, checkRules } from './rules.ts';

const SessionFields = z.strictObject({
  serverRef: ServerRef,
  subject: Subject,
  consentedTrust: TrustLevel.default('low').meta({ description: 'Trust that the human agreed to.' }),
  expiresAt: Instant.optional().meta({
    description: 'End of the session; an instant in the past is accepted and means ended.',
  }),
  revoked: z.boolean().default(false).meta({ description: 'Cuts the agent off at once.' }),
  upstreamTokenSecretRef: SecretKeyRef.optional().meta({
    description: 'Token that goes to the MCP server in place of the caller’s.',
  }),
  policyVersion: z.string().optional().meta({ description: 'Label put on decisions for this session.' }),
});

type SessionFields = z.infer<typeof SessionFields>;

export const SESSION_RULES: readonly CrossFieldRule<SessionFields>[] = [
  {
    id: 'subject-is-somebody',
    path: ['subject'],
    cel: "[has(self.subject.humanID) && self.subject.humanID != '', has(self.subject.agentID) && self.subject.agentID != '', has(self.subject.teamID) && self.subject.teamID != ''].exists(x, x)",
    message: 'at least one of `humanID`, `agentID` and `teamID` is needed',
    holds: ({ subject }) =>
      [subject.humanID, subject.agentID, subject.teamID].some((id) => id !== undefined && id !== ''),
  },
  {
    id: 'subject-is-not-anonymous',
    path: ['subject', 'humanID'],
    cel: `!has(self.subject.humanID) || self.subject.humanID != '${ANONYMOUS}'`,
    message: `must not be \`${ANONYMOUS}\`, which is for callers without a credential`,
    holds: ({ subject }) => subject.humanID !== ANONYMOUS,
  },
];

export const MCPAgentSessionSpec = SessionFields.superRefine(checkRules(SESSION_RULES)).meta({
  description: 'An agent that acts for a human on a server.',
});

export const MCPAgentSession = resourceSchema('MCPAgentSession', MCPAgentSessionSpec, AccessStatus);

export type MCPAgentSession = z.infer<typeof MCPAgentSession>;
export type MCPAgentSessionSpec = z.infer<typeof MCPAgentSessionSpec>;
