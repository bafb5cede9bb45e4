import {
  API_VERSION,
  AppError,
  DEFAULT_NAMESPACE,
  FIELD_MANAGERS,
  LABELS,
  MANAGED_BY,
  type MCPServer,
} from '@mcp-runtime/api';
import { type ResourceClient } from '@mcp-runtime/kube';
import { SERVERS } from './resource-types.ts';

/** Body of a deployment: see `DeployRequest`. */
export interface Deployment {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly spec: unknown;
  readonly update: boolean;
  readonly dryRun: boolean;
}

/** Creates a server, or changes it when that is asked for. Rejects with `already_exists` or `invalid_resource`. */
export async function deployServer(client: ResourceClient, deployment: Deployment): Promise<MCPServer> {
  const { name, namespace = DEFAULT_NAMESPACE, labels = {}, spec } = deployment;
  const write = { fieldManager: FIELD_MANAGERS.api, ...(deployment.dryRun ? { dryRun: 'dry-run' as const } : {}) };
  const current = await client.get(SERVERS, { namespace, name });
  const metadata = { name, namespace, labels: { [LABELS.managedBy]: MANAGED_BY, ...labels } };
  if (current === undefined) {
    return client.create(SERVERS, { apiVersion: API_VERSION, kind: 'MCPServer', metadata, spec }, write);
  }
  if (!deployment.update) {
    throw new AppError('already_exists', `server \`${namespace}/${name}\` exists`, {
      next: 'add `--update` to change it',
    });
  }
  const next = SERVERS.parse({
    ...current,
    metadata: { ...current.metadata, labels: { ...current.metadata.labels, ...metadata.labels } },
    spec,
  });
  return client.update(SERVERS, next, write);
}
