import { CLUSTER, type ObjectKey, asAppError } from '@mcp-runtime/api';
import { type Clock, type Logger } from '@mcp-runtime/base';
import { type ResourceClient, SECRETS, VALIDATING_WEBHOOKS } from '@mcp-runtime/kube';
import { type RotationRules, type ServingMaterial, firstMaterial, rotated } from './rotation.ts';
import { materialOf, writeMaterial } from './secret.ts';
import { isInjected, trustAuthorities } from './trust.ts';

export interface CertificateOptions {
  readonly client: ResourceClient;
  /** Namespace of the installation. */
  readonly namespace: string;
  /** Name of the ValidatingWebhookConfiguration. */
  readonly configuration: string;
  readonly rules: RotationRules;
  readonly clock: Clock;
  readonly log: Logger;
}

export type Served = Pick<ServingMaterial, 'certificate' | 'key'>;

const ATTEMPTS = 5;

/**
 * Brings Secret and trust up to date and returns what to serve, in that order: what is served is always trusted already.
 * Every replica may do it at any time; the Secret says who was first.
 */
export async function currentCertificate(options: CertificateOptions): Promise<Served> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await pass(options);
    } catch (error) {
      const isLate = ['conflict', 'already_exists'].includes(asAppError(error).code);
      if (!isLate || attempt === ATTEMPTS) throw error;
    }
  }
}

async function pass({
  client,
  namespace,
  configuration: name,
  rules,
  clock,
  log,
}: CertificateOptions): Promise<Served> {
  const key: ObjectKey = { namespace, name: CLUSTER.webhookCertificate };
  const configuration = await client.get(VALIDATING_WEBHOOKS, { namespace: '', name });
  const secret = await client.get(SECRETS, key);
  const found = secret === undefined ? undefined : materialOf(secret);
  if (isInjected(configuration) && found !== undefined) return found;
  const next = found === undefined ? firstMaterial(rules, clock()) : rotated(found, rules, clock());
  if (next !== undefined) {
    await writeMaterial(client, key, secret, next);
    log.info('webhook certificate renewed', { secret: key.name, authorities: next.authorities.length });
  }
  const material = next ?? found ?? firstMaterial(rules, clock());
  if (configuration === undefined) log.warn('no webhook configuration: the API server asks nothing', { name });
  else if (!isInjected(configuration)) await trustAuthorities(client, configuration, material.authorities);
  return material;
}
