import { CLUSTER, FIELD_MANAGERS, LABELS, MANAGED_BY, type MCPServer, PARTS, declaredSource } from '@mcp-runtime/api';
import { type Secret } from '@mcp-runtime/kube';
import { installationPullSecrets, pullSecretsOf } from '../plan/image.ts';
import { type OperatorSettings } from '../settings.ts';

/** Types of Secrets that hold credentials for registries, with the one key that each holds them in. */
const CREDENTIALS: Readonly<Record<string, string>> = {
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
  'kubernetes.io/dockercfg': '.dockercfg',
};

export const WRITER = { fieldManager: FIELD_MANAGERS.operator } as const;

/** Whether pods of the server pull with the credentials of the installation. */
export function needsCopy(server: MCPServer, settings: Pick<OperatorSettings, 'registry'>): boolean {
  if (declaredSource(server.spec).url !== undefined || server.metadata.deletionTimestamp !== undefined) return false;
  const used = pullSecretsOf(server.spec.imagePullSecrets, settings);
  return installationPullSecrets(settings).some((name) => used.includes(name));
}

/** Why nothing of a Secret is copied; undefined where it can be. */
export function whyNotCopied({ type = '', data = {} }: Secret): string | undefined {
  const key = CREDENTIALS[type];
  if (key === undefined) return `its type is \`${type}\`, not \`kubernetes.io/dockerconfigjson\``;
  return data[key] === undefined ? `it has no key \`${key}\`` : undefined;
}

/** The credentials alone, for a namespace of servers. */
export function copyOf({ apiVersion, kind, type = '', data = {} }: Secret, namespace: string): Secret {
  const key = CREDENTIALS[type] ?? '';
  return {
    apiVersion,
    kind,
    type,
    metadata: {
      namespace,
      name: CLUSTER.pullSecret,
      labels: { [LABELS.managedBy]: MANAGED_BY, [LABELS.part]: PARTS.pullSecret },
    },
    data: { [key]: data[key] ?? '' },
  };
}

/** Whether a Secret is a copy that we made: those of others are never touched. */
export function isCopy({ metadata }: Secret): boolean {
  return metadata.labels?.[LABELS.managedBy] === MANAGED_BY && metadata.labels[LABELS.part] === PARTS.pullSecret;
}
