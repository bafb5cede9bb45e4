import { z } from 'zod';
import { TeamId } from '../references.ts';
import { Limits } from '../limits.ts';
import { Access, Policy, Session } from './access.ts';
import { Auth } from './auth.ts';
import { EnvVar, Resources, SecretEnvVar } from './container.ts';
import { Duration, Port } from './formats.ts';
import { Analytics, Audit, Gateway } from './gateway.ts';
import { Network } from './network.ts';
import { InventoryItem, ToolConfig } from './offer.ts';
import { Rollout } from './rollout.ts';
import { Source } from './source.ts';
import { UpstreamAuth } from './upstream-auth.ts';

const Bridge = z.strictObject({
  isolation: z.enum(['session', 'shared']).default('session').meta({
    description:
      '`session`: a process for each MCP session. `shared`: one process for all; only for servers without state or secrets of a caller.',
  }),
  maxSessions: z.int().min(1).max(1000).default(32).meta({ description: 'Sessions at once; more are refused.' }),
});

const Sleep = z.strictObject({
  after: Duration.meta({
    description: 'After so long without a call the server is scaled to none; the next call starts it again.',
  }),
});

/** Each field of `MCPServer.spec` by itself; what must hold between them is in `rules.ts`. */
export const ServerFields = z.strictObject({
  teamID: TeamId.optional(),
  description: z.string().optional().meta({ description: 'What the server is for, for people.' }),
  image: z
    .string()
    .optional()
    .meta({ description: 'Container image, with or without tag or digest. Exactly one of `image` and `source`.' }),
  imageTag: z.string().optional().meta({ description: 'Tag for an image without one; `latest` when absent.' }),
  source: Source.optional(),
  transport: z
    .enum(['http', 'stdio'])
    .default('http')
    .meta({ description: 'How the server speaks MCP. `stdio` servers are bridged.' }),
  mcpPath: z.string().regex(/^\//, { error: 'must start with `/`' }).optional().meta({
    description: 'Path at which the server itself answers: `/mcp` for a source, the public path for an image.',
  }),
  bridge: Bridge.optional().meta({ description: 'How a `stdio` server is bridged to HTTP.' }),
  command: z.array(z.string().min(1).max(8192)).min(1).max(256).optional().meta({
    description:
      'Program in the image and its first arguments; the entry point of the image when absent. Needed by an image with transport `stdio`, which the bridge starts.',
  }),
  args: z.array(z.string().max(8192)).max(256).optional().meta({
    description: 'Arguments for an image; those of the image when absent.',
  }),
  writablePaths: z
    .array(
      z
        .string()
        .max(256)
        .regex(/^(\/[A-Za-z0-9._-]+)+$/, { error: 'must be an absolute path of plain names' }),
    )
    .max(16)
    .optional()
    .meta({
      description: 'Folders of an image that the server writes to, beside `/tmp`: everything else is read-only.',
    }),
  registryOverride: z
    .string()
    .optional()
    .meta({ description: 'Registry to pull the image from instead of the one that it names.' }),
  useProvisionedRegistry: z
    .boolean()
    .default(false)
    .meta({ description: "Pull the image from the installation's registry." }),
  imagePullSecrets: z
    .array(z.string())
    .optional()
    .meta({ description: 'Names of Secrets with which the image is pulled.' }),
  replicas: z.int().min(0).default(1).meta({ description: 'Instances of the server; 0 stops it.' }),
  port: Port.default(8088).meta({
    description:
      'Port on which the server listens in its container. On a host a free port is chosen. Given to the server as PORT.',
  }),
  servicePort: Port.default(80).meta({ description: 'Port of the Service.' }),
  ingressPath: z
    .string()
    .optional()
    .meta({ description: 'Path where the server is reached; `publicPathPrefix` takes precedence.' }),
  ingressHost: z
    .string()
    .optional()
    .meta({ description: "Host where the server is reached; the installation's when absent." }),
  publicPathPrefix: z
    .string()
    .optional()
    .meta({ description: 'The server is reached at `/{publicPathPrefix}/mcp`; the name of the server when absent.' }),
  ingressClass: z.string().default('traefik').meta({ description: 'Ingress controller that serves it.' }),
  ingressAnnotations: z.record(z.string(), z.string()).optional().meta({ description: 'Annotations for the Ingress.' }),
  resources: Resources.optional(),
  envVars: z.array(EnvVar).optional().meta({ description: 'Environment of the server.' }),
  secretEnvVars: z
    .array(SecretEnvVar)
    .optional()
    .meta({ description: 'Environment of the server whose values are secret.' }),
  tools: z.array(ToolConfig).max(1000).optional().meta({ description: 'The governed tools.' }),
  prompts: z.array(InventoryItem).optional().meta({ description: 'Prompts that it offers, for people.' }),
  mcpResources: z.array(InventoryItem).optional().meta({ description: 'Resources that it offers, for people.' }),
  tasks: z.array(InventoryItem).optional().meta({ description: 'Tasks that it offers, for people.' }),
  auth: Auth.optional().meta({ description: 'How callers prove who they are.' }),
  policy: Policy.optional().meta({ description: 'How calls are decided.' }),
  session: Session.optional().meta({ description: 'How agent sessions count.' }),
  upstreamAuth: UpstreamAuth.optional(),
  gateway: Gateway.optional().meta({ description: 'The gateway in front of the server.' }),
  analytics: Analytics.optional().meta({
    description: 'Taken for existing manifests, and not read: the installation says where events go.',
  }),
  audit: Audit.optional().meta({ description: 'What is recorded of calls.' }),
  access: Access.optional().meta({ description: 'Whose grants and sessions count.' }),
  limits: Limits.optional().meta({
    description: 'Of all requests, for each caller. Those of tools and grants count beside it.',
  }),
  rollout: Rollout.optional().meta({ description: 'How changes reach the running server.' }),
  network: Network.optional().meta({ description: 'What the server may connect to.' }),
  sleep: Sleep.optional().meta({
    description:
      'When an idle server stops, in a cluster. It runs all the time when absent, with an autoscaler, and as a canary.',
  }),
});

export type ServerFields = z.infer<typeof ServerFields>;
