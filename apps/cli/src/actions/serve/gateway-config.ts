import { LOG_LEVELS } from '@mcp-runtime/base';
import { z } from 'zod';
import { parseDuration } from '../times.ts';

/** Milliseconds. */
const Duration = z.union([z.int().min(0), z.string()]).transform((given, context) => {
  const ms = typeof given === 'number' ? given : given === '0' ? 0 : parseDuration(given);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: `found \`${given}\`, allowed: a duration like 15m, or 0` });
  return z.NEVER;
});

/** Settings of a gateway that runs alone: the file given by --config, and the flags, which win over it. */
const GatewaySettings = z.strictObject({
  policy: z.string().optional(),
  upstream: z
    .url({ protocol: /^https?$/, error: 'must be the MCP endpoint of the server, an http or https URL' })
    .optional(),
  watch: z.boolean().default(false),
  watchServer: z
    .string()
    .regex(/^[^/]+\/[^/]+$/, { error: 'must be `NAMESPACE/NAME` of an MCPServer' })
    .optional(),
  policyCache: z.string().optional(),
  staleAfter: Duration.default(15 * 60_000),
  kubeconfig: z.string().optional(),
  allowUpstreamsIn: z.array(z.string()).default([]),
  listen: z.string().default('127.0.0.1:8091'),
  adminListen: z.string().optional(),
  externalUrl: z
    .url({ protocol: /^https?$/, error: 'must be the http or https URL under which clients reach the gateway' })
    .optional(),
  trustHeadersFrom: z.array(z.string()).default([]),
  allowedHosts: z.array(z.string()).default([]),
  allowedOrigins: z.array(z.string()).default([]),
  jwks: z.string().optional(),
  sessionKeys: z.string().optional(),
  secretsDir: z.string().optional(),
  trustedListen: z.string().optional(),
  trustedProxy: z.string().optional(),
  tlsCert: z.string().optional(),
  tlsKey: z.string().optional(),
  tlsClientCa: z.string().optional(),
  tlsClientCertificates: z.enum(['optional', 'required']).default('optional'),
  auditDir: z.string().optional(),
  auditArguments: z.enum(['none', 'redacted']).default('none'),
  auditFsync: z.enum(['always', 'interval', 'on-rotate']).default('on-rotate'),
  auditMaxBytes: z.int().min(1_048_576).optional(),
  strictAudit: z.boolean().default(false),
  drainMs: z.int().min(0).max(600_000).default(25_000),
  tracing: z
    .strictObject({
      endpoint: z.url({ protocol: /^https?$/ }).optional(),
      ratio: z.number().min(0).max(1).optional(),
    })
    .optional(),
  logLevel: z.enum(LOG_LEVELS).default('info'),
  limits: z
    .strictObject({
      maxBodyBytes: z
        .int()
        .min(1024)
        .max(64 * 1024 * 1024)
        .default(4 * 1024 * 1024),
      maxInFlight: z.int().min(1).max(100_000).default(2048),
      maxStreams: z.int().min(1).max(100_000).default(12_000),
      answerTimeoutMs: z.int().min(1000).max(3_600_000).default(300_000),
      streamTimeoutMs: z.int().min(0).max(86_400_000).default(0),
      abandonedTimeoutMs: z.int().min(0).max(86_400_000).default(300_000),
      keepAliveMs: z.int().min(0).max(600_000).default(15_000),
      requestTimeoutMs: z.int().min(1000).max(600_000).default(30_000),
      wakeTimeoutMs: z.int().min(1000).max(600_000).default(60_000),
      maxWaking: z.int().min(1).max(100_000).default(512),
      handshakeTimeoutMs: z.int().min(1000).max(120_000).default(10_000),
      maxHandshakes: z.int().min(1).max(100_000).default(1024),
    })
    .prefault({}),
});

export const GatewayConfig = GatewaySettings.superRefine((config, context) => {
  const ways = [
    config.policy !== undefined || config.upstream !== undefined,
    config.watch,
    config.watchServer !== undefined,
  ];
  const refuse = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
  if (ways.filter(Boolean).length > 1)
    refuse('watch', 'give one of a policy with its upstream (a file), watch, and watchServer');
  else if (!ways.some(Boolean)) refuse('policy', 'is needed: the policy document, unless policies are watched');
  else if (config.policy !== undefined && config.upstream === undefined)
    refuse('upstream', 'is needed: the MCP endpoint of the server, an http or https URL');
  else if (config.upstream !== undefined && config.policy === undefined)
    refuse('policy', 'is needed: the policy document');
});

export type GatewayConfig = z.infer<typeof GatewayConfig>;
