import { CLUSTER, NamespaceName, ObjectName } from '@mcp-runtime/api';
import { LOG_LEVELS } from '@mcp-runtime/base';
import { z } from 'zod';
import { TenancySettings } from './tenancy/settings.ts';

const Port = z.int().min(1).max(65535);
const Image = z.string().min(1, { error: 'must be a container image' });
const HttpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });
const PEM = /^\s*(-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----\s*)+$/;
const GO_DURATION = /^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$/;
const Duration = z.string().regex(GO_DURATION, { error: 'must be a duration such as `1h30m`' });

/** Settings of an operator in a cluster: the file given by --config, and the flags, which win over it. */
export const OperatorSettings = z.strictObject({
  namespace: NamespaceName.default(CLUSTER.namespace).meta({
    description: 'Namespace of the installation: its Lease and its keys are there.',
  }),
  watchNamespace: NamespaceName.optional().meta({
    description: 'Only servers, grants and sessions of this namespace; those of all when absent.',
  }),
  clusterName: z.string().max(253).optional().meta({ description: 'Name of the cluster in policy documents.' }),
  images: z.strictObject(
    {
      runtime: Image.meta({ description: 'Image of this product: gateways, bridges, and runners of npm packages.' }),
      pypi: Image.optional().meta({ description: 'Image with Python for runners of PyPI packages; none run without.' }),
      pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
    },
    {
      error: ({ code, input }) =>
        code === 'invalid_type' && input === undefined
          ? 'is needed: `images.runtime` in the file of --config, or --image, is the image of this product'
          : undefined,
    },
  ),
  gateway: z
    .strictObject({
      namespace: NamespaceName.default(CLUSTER.namespace),
      service: ObjectName.default(CLUSTER.gateway).meta({ description: 'Service of the shared gateways.' }),
      placement: z.enum(['shared', 'sidecar']).default('shared').meta({
        description: 'Where a server that says nothing is governed.',
      }),
      servicePort: Port.default(80),
      adminPort: Port.default(CLUSTER.ports.gatewayAdmin).meta({
        description: 'Port of `/config/status` on each pod.',
      }),
      url: HttpUrl.optional().meta({
        description: 'Where the operator reaches the gateways; their Service by its cluster name when absent.',
      }),
    })
    .prefault({}),
  ingress: z
    .strictObject({
      kind: z.enum(['ingress', 'httproute', 'none']).default('ingress'),
      class: z
        .string()
        .optional()
        .meta({ description: 'Ingress class for servers that name none; `traefik` when absent.' }),
      host: z.string().optional().meta({ description: 'Host for servers that name none.' }),
      entryPoints: z.string().optional().meta({
        description: 'Traefik entry points, separated by commas; `web`, or with `tlsSecret` `websecure`, when absent.',
      }),
      annotations: z.array(z.string().min(1)).default([]).meta({
        description:
          'Annotations that servers may set beside those known to be harmless: keys, or prefixes before `*`.',
      }),
      tlsSecret: ObjectName.optional().meta({ description: 'Secret of the certificate that ingresses serve.' }),
      parentRef: z.strictObject({ namespace: NamespaceName.optional(), name: ObjectName }).optional().meta({
        description: 'Gateway that HTTPRoutes attach to; needed by `httproute`.',
      }),
    })
    .prefault({})
    .refine(({ kind, parentRef }) => kind !== 'httproute' || parentRef !== undefined, {
      path: ['parentRef'],
      error: 'is needed by ingress kind `httproute`: the Gateway that routes attach to',
    }),
  packages: z
    .strictObject({
      npmRegistry: HttpUrl.optional().meta({ description: 'The public registry when absent.' }),
      pypiIndex: HttpUrl.optional().meta({ description: 'The public index when absent.' }),
    })
    .prefault({}),
  registry: z
    .strictObject({
      url: z.string().optional().meta({ description: 'Registry host for `useProvisionedRegistry`.' }),
      pullSecret: ObjectName.optional().meta({
        description:
          'Pull secret of servers that name none, in the namespace of the installation; it is copied as `mcp-runtime-registry-pull`.',
      }),
    })
    .prefault({}),
  retention: z
    .strictObject({
      expiredSessions: Duration.default('168h').meta({
        description: 'How long sessions are kept after they have expired; `0s` keeps them.',
      }),
    })
    .prefault({}),
  tenancy: TenancySettings,
  egressDefault: z.enum(['deny', 'allow']).default('deny').meta({
    description: 'Whether servers that declare no egress may call out, beside DNS.',
  }),
  workloads: z
    .strictObject({
      runAsUser: z.int().min(1).nullable().default(65_532).meta({
        description: 'User of the processes of servers; null where the platform assigns one.',
      }),
    })
    .prefault({}),
  dns: z
    .strictObject({ cidrs: z.array(z.string().min(1)).min(1) })
    .optional()
    .meta({ description: 'Addresses of the DNS that pods ask; the pods of `kube-dns` when absent.' }),
  mtls: z
    .strictObject({
      issuer: z.enum(['builtin', 'cert-manager']).default('builtin'),
      passthrough: z.enum(['none', 'traefik']).default('none').meta({
        description: 'Who leads connections with client certificates to the gateways of their servers, unopened.',
      }),
      issuerRef: z
        .strictObject({ name: ObjectName, kind: z.enum(['Issuer', 'ClusterIssuer']).default('ClusterIssuer') })
        .optional()
        .meta({ description: 'Who signs, for `cert-manager`.' }),
      clientAuthorities: z.string().max(262_144).regex(PEM, { error: 'must be PEM certificates' }).optional().meta({
        description: 'PEM of authorities that vouch for callers beside the one of the installation, for `builtin`.',
      }),
    })
    .prefault({})
    .refine(({ issuer, issuerRef }) => issuer !== 'cert-manager' || issuerRef !== undefined, {
      path: ['issuerRef'],
      error: 'is needed by issuer `cert-manager`',
    }),
  engine: z
    .strictObject({
      workers: z.int().min(1).max(64).default(4).meta({ description: 'Servers that are reconciled at once.' }),
      probeInterval: Duration.default('5m').meta({
        description: 'How often live tools are held against declared ones.',
      }),
      trialInterval: Duration.default('5s').meta({
        description: 'How often gateways are asked what became of calls, while a canary is on trial.',
      }),
      requestsPerSecond: z.int().min(1).max(10_000).default(300).meta({
        description: 'Most requests to the API server; twice as many at once.',
      }),
      accessStatusesPerSecond: z.int().min(1).max(10_000).default(50).meta({
        description: 'Statuses of grants and sessions that are written while there are many to write.',
      }),
      leaderElection: z.boolean().default(true).meta({ description: 'Only one replica writes, by a Lease.' }),
    })
    .prefault({}),
  webhook: z
    .strictObject({
      serve: z.boolean().default(true).meta({ description: 'Whether resources are judged before they are written.' }),
      port: Port.default(CLUSTER.ports.webhook),
    })
    .prefault({}),
  listen: z.string().default(`0.0.0.0:${CLUSTER.ports.operatorAdmin}`).meta({
    description: 'Address of `/health`, `/ready` and `/metrics`.',
  }),
  kubeconfig: z.string().optional().meta({ description: 'Credentials; those of the pod when absent.' }),
  logLevel: z.enum(LOG_LEVELS).default('info'),
});

export type OperatorSettings = z.infer<typeof OperatorSettings>;
