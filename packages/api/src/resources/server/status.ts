import { z } from 'zod';
import { SideEffect } from '../closed-sets.ts';
import { Condition } from '../meta.ts';

const InventoryTool = z.strictObject({
  name: z.string().meta({ description: 'Name as the server offers it.' }),
  description: z.string().optional().meta({ description: 'As the server describes it.' }),
  declared: z.boolean().meta({ description: 'Whether `spec.tools` names it.' }),
  proposedSideEffect: SideEffect.meta({
    description: "Read from the server's annotations; unknown counts as destructive.",
  }),
  claimedSideEffect: SideEffect.optional().meta({
    description: 'What its annotations say plainly; counts where it is more than what `spec.tools` declares.',
  }),
  arguments: z
    .array(
      z.strictObject({
        path: z.string().meta({ description: 'Where the argument is.' }),
        type: z.string().meta({ description: 'Its JSON type.' }),
      }),
    )
    .max(256)
    .optional()
    .meta({ description: 'Types of its arguments, read from its input schema.' }),
});

const RolloutStatus = z
  .strictObject({
    phase: z.enum(['Progressing', 'Held', 'Promoted', 'RolledBack']).meta({ description: 'How the trial stands.' }),
    hash: z.string().meta({ description: 'Names the version on trial; for the annotation `mcpruntime.org/rollout`.' }),
    stableHash: z.string().meta({ description: 'Names the version that it is held against.' }),
    source: z.string().meta({ description: 'What is on trial: package and version, or image.' }),
    reason: z.string().meta({ description: 'Why, in a word.' }),
    message: z.string().meta({ description: 'Why, in a sentence.' }),
    since: z.string().meta({ description: 'When it came to this phase: RFC 3339.' }),
    startedAt: z.string().optional().meta({ description: 'When the canary was ready for calls first: RFC 3339.' }),
    observedAt: z.string().meta({ description: 'When the counts were taken: RFC 3339.' }),
    requests: z.int().meta({ description: 'Requests to the canary since it was ready.' }),
    errors: z.int().meta({ description: 'Of those: the ones that failed.' }),
    stableRequests: z.int().meta({ description: 'Requests to the version in use meanwhile.' }),
    stableErrors: z.int().meta({ description: 'Of those: the ones that failed.' }),
  })
  .meta({ description: 'How the trial of `spec.rollout.canary` stands.' });

export const MCPServerStatus = z
  .strictObject({
    observedGeneration: z.int().optional().meta({ description: '`metadata.generation` that this is about.' }),
    phase: z.string().optional().meta({ description: 'For people; derived from the conditions.' }),
    message: z.string().optional().meta({ description: 'The same, in a sentence.' }),
    conditions: z
      .array(Condition)
      .optional()
      .meta({ description: 'What holds and what does not, each with its reason.' }),
    endpoint: z.string().optional().meta({ description: 'The governed URL.' }),
    policyRevision: z.string().optional().meta({ description: 'Revision of the policy that gateways were given.' }),
    protocolVersion: z.string().optional().meta({ description: 'MCP revision that the handshake agreed on.' }),
    serverInfo: z
      .strictObject({
        name: z.string().meta({ description: 'Its name for itself.' }),
        version: z.string().meta({ description: 'Its version.' }),
      })
      .optional()
      .meta({ description: 'What the server says of itself in the handshake.' }),
    source: z
      .string()
      .optional()
      .meta({ description: 'What runs, exactly: package and version, image and digest, or URL.' }),
    tools: z.array(InventoryTool).optional().meta({ description: 'What the running server offers.' }),
    missingTools: z
      .array(z.string())
      .optional()
      .meta({ description: 'Declared, but not offered by the running server.' }),
    restarts: z.int().optional().meta({ description: 'How often it was started again.' }),
    deploymentReady: z.boolean().optional().meta({ description: 'Its instances run.' }),
    serviceReady: z.boolean().optional().meta({ description: 'It has an address in the cluster.' }),
    ingressReady: z.boolean().optional().meta({ description: 'It has an address outside.' }),
    gatewayReady: z.boolean().optional().meta({ description: 'The gateway answers for it.' }),
    policyReady: z.boolean().optional().meta({ description: 'Its policy was rendered.' }),
    canaryReady: z.boolean().optional().meta({ description: 'The canary runs.' }),
    rollout: RolloutStatus.optional(),
  })
  .meta({ description: 'What the operator found.' });

export type MCPServerStatus = z.infer<typeof MCPServerStatus>;
export type RolloutStatus = z.infer<typeof RolloutStatus>;
