import { FIELD_MANAGERS } from '@mcp-runtime/api';
import { type ResourceClient, VALIDATING_WEBHOOKS, type ValidatingWebhooks } from '@mcp-runtime/kube';

/** Where it is set, cert-manager writes `caBundle` ("CA Injector") and the Secret of the certificate. */
const INJECTED_BY = ['cert-manager.io/inject-ca-from', 'cert-manager.io/inject-ca-from-secret'];

export function isInjected(configuration: ValidatingWebhooks | undefined): boolean {
  return INJECTED_BY.some((name) => configuration?.metadata.annotations?.[name] !== undefined);
}

/** Makes the API server trust these authorities, and writes nothing where it does so already. */
export async function trustAuthorities(
  client: ResourceClient,
  configuration: ValidatingWebhooks,
  authorities: readonly string[],
): Promise<void> {
  const caBundle = Buffer.from(authorities.join('')).toString('base64');
  const webhooks = configuration.webhooks ?? [];
  if (webhooks.every(({ clientConfig }) => clientConfig.caBundle === caBundle)) return;
  const trusting = webhooks.map((webhook) => ({
    ...webhook,
    clientConfig: { ...webhook.clientConfig, caBundle },
  }));
  await client.update(
    VALIDATING_WEBHOOKS,
    { ...configuration, webhooks: trusting },
    {
      fieldManager: FIELD_MANAGERS.operator,
    },
  );
}
