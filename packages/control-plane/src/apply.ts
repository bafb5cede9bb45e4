import {
  AppError,
  type ApplyResult,
  DEFAULT_NAMESPACE,
  RESOURCE_KINDS,
  type ResourceKind,
  isResourceKind,
} from '@mcp-runtime/api';
import { type Applied, type KubeObject, type ResourceClient } from '@mcp-runtime/kube';
import { isRecord } from '@mcp-runtime/base';
import { GRANTS, SERVERS, SESSIONS } from './resource-types.ts';

export interface ApplyOptions {
  readonly fieldManager: string;
  readonly dryRun?: 'dry-run';
}

type Declared = Readonly<Record<string, unknown>>;
type Result = ApplyResult['results'][number];

/**
 * Makes resources exist as declared (server-side apply): fields that are not declared are left to others. Every one is
 * tried without writing first, so that a fault in one leaves all untouched. Rejects with `invalid_resource` or `conflict`.
 */
export async function applyResources(
  client: ResourceClient,
  resources: readonly unknown[],
  options: ApplyOptions,
): Promise<readonly Result[]> {
  const declared = resources.map(toDeclared);
  const planned: Result[] = [];
  for (const one of declared) planned.push(await applyOne(client, one, { ...options, dryRun: 'dry-run' }));
  if (options.dryRun !== undefined) return planned;
  const results: Result[] = [];
  for (const one of declared) results.push(await applyOne(client, one, options));
  return results;
}

interface KnownObject {
  readonly kind: ResourceKind;
  readonly object: Declared;
}

function toDeclared(value: unknown): KnownObject {
  const kind = memberOf(value, 'kind');
  if (!isRecord(value) || typeof kind !== 'string' || !isResourceKind(kind)) {
    const known = Object.keys(RESOURCE_KINDS).join(', ');
    throw new AppError('invalid_resource', `\`kind\` is \`${String(kind)}\`, allowed: ${known}`);
  }
  const { status: _, ...object } = value;
  const metadata = isRecord(value['metadata']) ? value['metadata'] : {};
  return { kind, object: { ...object, metadata: { namespace: DEFAULT_NAMESPACE, ...metadata } } };
}

async function applyOne(client: ResourceClient, { kind, object }: KnownObject, options: ApplyOptions): Promise<Result> {
  const write = {
    fieldManager: options.fieldManager,
    ...(options.dryRun === undefined ? {} : { dryRun: options.dryRun }),
  };
  switch (kind) {
    case 'MCPServer':
      return resultOf(kind, await client.apply(SERVERS, object, write));
    case 'MCPAccessGrant':
      return resultOf(kind, await client.apply(GRANTS, object, write));
    case 'MCPAgentSession':
      return resultOf(kind, await client.apply(SESSIONS, object, write));
  }
}

function resultOf(kind: ResourceKind, { object, action }: Applied<KubeObject>): Result {
  return { kind, namespace: object.metadata.namespace, name: object.metadata.name, action };
}

function memberOf(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}
