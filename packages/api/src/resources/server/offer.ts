import { z } from 'zod';
import { SideEffect, TrustLevel } from '../closed-sets.ts';
import { Labels } from '../meta.ts';
import { Limits } from '../limits.ts';
import { Scopes } from './oauth.ts';

export const ToolConfig = z.strictObject({
  name: z.string().min(1).max(256).meta({ description: 'Name as the server offers it, compared exactly.' }),
  description: z.string().optional().meta({ description: 'What it does, for people.' }),
  requiredTrust: TrustLevel.default('low').meta({ description: 'Trust that a caller needs.' }),
  sideEffect: SideEffect.meta({ description: 'What a call may do. A tool without one can never be called.' }),
  riskLevel: TrustLevel.optional().meta({
    description: 'Shown and recorded; derived from side effect and trust when absent.',
  }),
  labels: Labels.optional().meta({ description: 'For people and queries.' }),
  requiredScopes: Scopes.optional().meta({
    description: 'OAuth scopes that calls need beside those of the side effect.',
  }),
  inputSchema: z.record(z.string(), z.unknown()).optional().meta({
    description:
      'JSON Schema of its arguments: conditions of grants are held against it. What the running server tells when absent.',
  }),
  limits: Limits.optional().meta({ description: 'Of calls of this tool, for each caller.' }),
});

export const InventoryItem = z.strictObject({
  name: z.string().min(1).meta({ description: 'Name as the server offers it.' }),
  description: z.string().optional().meta({ description: 'What it is, for people.' }),
  labels: Labels.optional().meta({ description: 'For people and queries.' }),
});

export type ToolConfig = z.infer<typeof ToolConfig>;
