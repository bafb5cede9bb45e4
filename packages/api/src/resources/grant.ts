import { z } from 'zod';
import { ANONYMOUS } from '../names.ts';
import { ACCESS_PHASES, PolicyDecision, SideEffect, TrustLevel } from './closed-sets.ts';
import { ServerRef, Subject } from './references.ts';
import { Limits } from './limits.ts';
import { Condition, Instant, resourceSchema } from './meta.ts';
import { type CrossFieldRule, checkRules, hasRepeats } from './rules.ts';

const NamedRule = z.strictObject({
  name: z.string().min(1).max(256).meta({ description: 'Name as the server offers it, compared exactly.' }),
  decision: PolicyDecision.meta({ description: 'Whether calls are allowed or denied; a denial of any grant counts.' }),
  requiredTrust: TrustLevel.optional().meta({ description: 'Raises what the tool itself requires.' }),
  condition: z.string().min(1).max(1024).optional().meta({
    description:
      'CEL expression over `arguments` and `identity`, such as `arguments.amount <= 100.0`: the rule counts for calls for which it holds. One that cannot be evaluated denies.',
  }),
});

const ResourceRule = z.strictObject({
  uri: z.string().min(1).max(2048).meta({ description: 'Exact URI, or a beginning followed by `*`.' }),
  decision: PolicyDecision.meta({ description: 'Whether reading is allowed or denied; a denial of any grant counts.' }),
  requiredTrust: TrustLevel.optional().meta({ description: 'Trust that reading needs.' }),
});

const GrantFields = z.strictObject({
  serverRef: ServerRef,
  subject: Subject,
  maxTrust: TrustLevel.default('low').meta({ description: "The administrator's ceiling of trust." }),
  allowedSideEffects: z
    .array(SideEffect)
    .optional()
    .meta({ description: 'Side effects that calls may have; none when empty.' }),
  policyVersion: z.string().optional().meta({ description: 'Label put on decisions that this grant makes.' }),
  disabled: z.boolean().default(false).meta({ description: 'Ignored while true.' }),
  notBefore: Instant.optional().meta({ description: 'Ignored before this instant.' }),
  expiresAt: Instant.optional().meta({ description: 'Ignored after this instant.' }),
  limits: Limits.optional().meta({
    description:
      'Of requests that this grant allows, for each caller. Those of the server and its tools count beside it.',
  }),
  toolRules: z
    .array(NamedRule)
    .max(1000)
    .optional()
    .meta({ description: 'Tools by name. A grant without any rule covers every tool, prompt and resource.' }),
  promptRules: z
    .array(NamedRule)
    .max(1000)
    .optional()
    .meta({ description: 'Prompts by name; read where the server enforces `all`.' }),
  resourceRules: z
    .array(ResourceRule)
    .max(1000)
    .optional()
    .meta({ description: 'Resources by URI; read where the server enforces `all`.' }),
});

type GrantFields = z.infer<typeof GrantFields>;

export const GRANT_RULES: readonly CrossFieldRule<GrantFields>[] = [
  {
    id: 'anonymous-is-alone',
    path: ['subject'],
    cel: `!has(self.subject.humanID) || self.subject.humanID != '${ANONYMOUS}' || !((has(self.subject.agentID) && self.subject.agentID != '') || (has(self.subject.teamID) && self.subject.teamID != ''))`,
    message: `must name no agent and no team beside the human \`${ANONYMOUS}\`, who has neither`,
    holds: ({ subject: { humanID, agentID = '', teamID = '' } }) =>
      humanID !== ANONYMOUS || (agentID === '' && teamID === ''),
  },
  {
    id: 'side-effects-differ',
    path: ['allowedSideEffects'],
    cel: '!has(self.allowedSideEffects) || self.allowedSideEffects.all(e, self.allowedSideEffects.exists_one(f, f == e))',
    message: 'must not name a side effect twice',
    holds: (spec) => !hasRepeats(spec.allowedSideEffects ?? []),
  },
  {
    id: 'tool-rules-differ',
    path: ['toolRules'],
    cel: '!has(self.toolRules) || self.toolRules.all(r, self.toolRules.exists_one(s, s.name == r.name))',
    message: 'must not name a tool twice',
    holds: (spec) => !hasRepeats((spec.toolRules ?? []).map((rule) => rule.name)),
  },
  {
    id: 'prompt-rules-differ',
    path: ['promptRules'],
    cel: '!has(self.promptRules) || self.promptRules.all(r, self.promptRules.exists_one(s, s.name == r.name))',
    message: 'must not name a prompt twice',
    holds: (spec) => !hasRepeats((spec.promptRules ?? []).map((rule) => rule.name)),
  },
  {
    id: 'resource-rules-differ',
    path: ['resourceRules'],
    cel: '!has(self.resourceRules) || self.resourceRules.all(r, self.resourceRules.exists_one(s, s.uri == r.uri))',
    message: 'must not name a URI twice',
    holds: (spec) => !hasRepeats((spec.resourceRules ?? []).map((rule) => rule.uri)),
  },
  {
    id: 'window-is-not-empty',
    path: ['expiresAt'],
    cel: '!has(self.notBefore) || !has(self.expiresAt) || timestamp(self.notBefore) < timestamp(self.expiresAt)',
    message: 'must be later than `notBefore`',
    holds: ({ notBefore, expiresAt }) =>
      notBefore === undefined || expiresAt === undefined || Date.parse(notBefore) < Date.parse(expiresAt),
  },
];

export const MCPAccessGrantSpec = GrantFields.superRefine(checkRules(GRANT_RULES)).meta({
  description: 'What a subject may do on a server.',
});

export const AccessStatus = z
  .strictObject({
    observedGeneration: z.int().optional().meta({ description: 'Generation of the object that this is about.' }),
    phase: z
      .string()
      .optional()
      .meta({
        description: `Whether it counts, and why not: ${ACCESS_PHASES.map((phase) => `\`${phase}\``).join(', ')}.`,
      }),
    message: z.string().optional().meta({ description: 'The same, for people.' }),
    conditions: z.array(Condition).optional().meta({
      description:
        '`Active`: it counts now. `ResolvedRefs`: its server counts it. `Accepted`: its rules can be followed.',
    }),
  })
  .meta({ description: 'What the operator found.' });

export type AccessStatus = z.infer<typeof AccessStatus>;

export const MCPAccessGrant = resourceSchema('MCPAccessGrant', MCPAccessGrantSpec, AccessStatus);

export type MCPAccessGrant = z.infer<typeof MCPAccessGrant>;
export type MCPAccessGrantSpec = z.infer<typeof MCPAccessGrantSpec>;
