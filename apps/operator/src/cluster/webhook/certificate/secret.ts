import { FIELD_MANAGERS, LABELS, MANAGED_BY, type ObjectKey } from '@mcp-runtime/api';
import { type ResourceClient, SECRETS, type Secret } from '@mcp-runtime/kube';
import { type ServingMaterial } from './rotation.ts';

/** Keys of the Secret: those of type `kubernetes.io/tls`, as cert-manager writes them, and the key of the authority. */
const KEYS = { certificate: 'tls.crt', key: 'tls.key', authorities: 'ca.crt', authorityKey: 'ca.key' } as const;
const WRITER = { fieldManager: FIELD_MANAGERS.operator } as const;
const ONE_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g;

/** What a Secret holds; empty texts for what it does not. */
export function materialOf(secret: Secret): ServingMaterial {
  const text = (key: string): string => Buffer.from(secret.data?.[key] ?? '', 'base64').toString();
  return {
    authorities: text(KEYS.authorities).match(ONE_CERTIFICATE) ?? [],
    authorityKey: text(KEYS.authorityKey),
    certificate: text(KEYS.certificate),
    key: text(KEYS.key),
  };
}

/** Rejects with `already_exists` or `conflict` when another replica was faster. */
export async function writeMaterial(
  client: ResourceClient,
  key: ObjectKey,
  current: Secret | undefined,
  material: ServingMaterial,
): Promise<void> {
  const data = {
    [KEYS.certificate]: encoded(material.certificate),
    [KEYS.key]: encoded(material.key),
    [KEYS.authorities]: encoded(material.authorities.join('')),
    [KEYS.authorityKey]: encoded(material.authorityKey),
  };
  if (current !== undefined) {
    await client.update(SECRETS, { ...current, data: { ...current.data, ...data } }, WRITER);
    return;
  }
  const metadata = { ...key, labels: { [LABELS.managedBy]: MANAGED_BY } };
  await client.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/tls', data }, WRITER);
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64');
}
