import { z } from 'zod';
import { GATEWAY_PLACEMENTS } from '../../names.ts';
import { SecretKeyRef } from '../references.ts';
import { Resources } from './container.ts';
import { Port } from './formats.ts';

export const Gateway = z.strictObject({
  enabled: z.boolean().default(false).meta({
    description: 'Asked for by mode `mtls` and by `analytics`. Every server is governed, whatever this says.',
  }),
  image: z
    .string()
    .optional()
    .meta({ description: 'Taken for existing manifests, and not read: the image of the installation serves.' }),
  port: Port.optional().meta({ description: '8091 when enabled.' }),
  upstreamURL: z
    .string()
    .optional()
    .meta({ description: 'Taken for existing manifests, and not read: the gateway knows where the server is.' }),
  stripPrefix: z
    .string()
    .optional()
    .meta({ description: 'Taken for existing manifests, and not read: the server is asked at `mcpPath`.' }),
  resources: Resources.optional().meta({ description: 'Compute of a gateway in the pod of the server.' }),
  placement: z.enum(GATEWAY_PLACEMENTS).optional().meta({
    description:
      '`shared`: gateways that serve many servers. `sidecar`: one in each pod of the server. What the installation prefers when absent.',
  }),
});

export const Audit = z.strictObject({
  arguments: z
    .enum(['none', 'redacted'])
    .default('none')
    .meta({ description: 'Whether arguments of calls are kept; if so, redacted.' }),
  strict: z.boolean().default(false).meta({ description: 'Refuse calls that cannot be recorded.' }),
});

export const Analytics = z.strictObject({
  disabled: z
    .boolean()
    .default(false)
    .meta({ description: 'Taken for existing manifests, and not read: calls are recorded in any case.' }),
  ingestURL: z
    .string()
    .optional()
    .meta({ description: 'Taken for existing manifests, and not read: the installation says where events go.' }),
  source: z
    .string()
    .optional()
    .meta({ description: 'Taken for existing manifests, and not read: the installation says where events come from.' }),
  eventType: z
    .string()
    .optional()
    .meta({ description: 'Taken for existing manifests, and not read: types of events are fixed.' }),
  apiKeySecretRef: SecretKeyRef.optional().meta({
    description: 'Taken for existing manifests, and not read: the installation has the credential.',
  }),
});
