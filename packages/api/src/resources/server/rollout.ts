import { z } from 'zod';
import { Duration, IntOrPercent } from './formats.ts';
import { Source } from './source.ts';

export const Rollout = z.strictObject({
  strategy: z
    .enum(['RollingUpdate', 'Recreate', 'Canary'])
    .default('RollingUpdate')
    .meta({ description: 'How a change of the server is brought about.' }),
  maxUnavailable: IntOrPercent.default('25%').meta({ description: 'Replicas that may be missing meanwhile.' }),
  maxSurge: IntOrPercent.default('25%').meta({ description: 'Replicas that may be there in addition meanwhile.' }),
  canaryReplicas: z
    .int()
    .min(0)
    .optional()
    .meta({ description: 'How many of the replicas are the canary, for strategy `Canary`.' }),
  canary: z
    .strictObject({
      image: z.string().min(1).optional().meta({ description: 'Image of the canary, with tag or digest.' }),
      source: Source.optional().meta({ description: 'Source of the canary. At most one of `image` and `source`.' }),
      weight: z.int().min(0).max(100).optional().meta({
        description: 'Percent of new sessions that go to the canary; its share of the replicas when absent.',
      }),
      promotion: z.enum(['Manual', 'Automatic']).default('Manual').meta({
        description:
          'Who decides about the canary: people, by the annotation `mcpruntime.org/rollout`, or the operator, by what follows.',
      }),
      minRequests: z.int().min(1).max(1_000_000_000).default(100).meta({
        description: 'Requests that the canary answers before it is promoted.',
      }),
      maxErrorRatePercent: z.int().min(0).max(100).default(5).meta({
        description: 'By how many percent of its requests more than the version in use the canary may fail.',
      }),
      minDuration: Duration.default('5m').meta({ description: 'How long the canary is tried before it is promoted.' }),
      onChangedDefinitions: z.enum(['Hold', 'Rollback', 'Allow']).default('Hold').meta({
        description:
          'When a tool of the version in use, or a declared one, is missing in the canary or described in another way: wait for people, roll back, or go on.',
      }),
    })
    .optional()
    .meta({ description: 'Version of the canary for strategy `Canary`; the same as that of the server when absent.' }),
});
