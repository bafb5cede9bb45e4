import { z } from 'zod';

const Members = z.record(z.string(), z.unknown());

/**
 * What a server told of itself in a handshake, in the words of MCP: gateways answer with it while the server sleeps. A list
 * that the server does not offer is absent.
 */
export const ServerDefinitions = z.object({
  schema_version: z.literal('v1'),
  server_info: Members,
  capabilities: Members,
  instructions: z.string().optional(),
  tools: z.array(Members).optional(),
  prompts: z.array(Members).optional(),
  resources: z.array(Members).optional(),
  resource_templates: z.array(Members).optional(),
});

export type ServerDefinitions = z.infer<typeof ServerDefinitions>;

/** What a gateway tells the operator of a server that may sleep, at `/activity`. */
export const GatewayActivity = z.object({
  /** Other than before when somebody waits for a server for whom nobody waited. */
  sequence: z.int().min(0),
  servers: z.array(
    z.object({
      /** `namespace/name`. */
      server: z.string(),
      /** Since what keeps it awake began or ended last, milliseconds. */
      idle_ms: z.number().min(0),
      /** What keeps it awake and has not ended: calls, and streams. */
      open: z.int().min(0),
      /** A call waits for it. */
      wanted: z.boolean(),
      /** What it told of itself is known here. */
      knows: z.boolean(),
    }),
  ),
});

export type GatewayActivity = z.infer<typeof GatewayActivity>;
