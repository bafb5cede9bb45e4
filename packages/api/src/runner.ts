import { z } from 'zod';
import { NamespaceName, ObjectName } from './resources/meta.ts';
import { Source } from './resources/server/source.ts';

/**
 * What the runner in a pod of a server runs: written by the operator, in the variable `RUNNER.instructions`. Unknown members
 * are dropped, so that a runner reads what a newer operator wrote.
 */
export const RunnerInstructions = z.object({
  schema_version: z.literal('v1'),
  server: z.object({ namespace: NamespaceName, name: ObjectName }),
  /** A package or a program that the image of the runner has. */
  source: Source.refine(({ npm, pypi, command }) => npm !== undefined || pypi !== undefined || command !== undefined, {
    error: 'must be `npm`, `pypi` or `command`',
  }),
  /** What the server gets beside its own variables: `none`, or `all` of the container, which are those of its image. */
  environment: z.enum(['none', 'all']).default('none'),
  transport: z.enum(['http', 'stdio']),
  /** On which the server is reached, on all addresses of the pod. */
  port: z.int().min(1).max(65_535),
  mcp_path: z.string().regex(/^\//),
  bridge: z.object({ isolation: z.enum(['session', 'shared']), max_sessions: z.int().min(1).max(1000) }),
});

export type RunnerInstructions = z.infer<typeof RunnerInstructions>;
