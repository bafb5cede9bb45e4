import {
  AppError,
  type ApplyResult,
  DEFAULT_NAMESPACE,
  type MCPAccessGrant,
  type MCPAgentSession,
  type MCPServer,
  RESOURCE_KINDS,
  type ResourceKind,
  isResourceKind,
  keyOf,
  keyText,
} from '@mcp-runtime/api';
import { type Applied, type ResourceClient } from '@mcp-runtime/kube';
import { isRecord } from '@mcp-runtime/base';
import { conditionFaults, isAbout } from '@mcp-runtime/policy';
import { GRANTS, SERVERS, SESSIONS } from './resource-types.ts';

export interface ApplyOptions {
  readonly fieldManager: string;
  readonly dryRun?: 'dry-run';
  /** Take over fields that other managers own with another value; else that is a `conflict`. */
  readonly force?: 'force';
}

type Known = MCPServer | MCPAccessGrant | MCPAgentSession;
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
  const planned: Applied<Known>[] = [];
  for (const one of declared) planned.push(await applyOne(client, one, { ...options, dryRun: 'dry-run' }));
  await checkConditions(
    client,
    planned.map(({ object }) => object),
  );
  if (options.dryRun !== undefined) return planned.map(resultOf);
  const results: Result[] = [];
  for (const one of declared) results.push(resultOf(await applyOne(client, one, options)));
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
  const metadata = isRecord(value['metadata']) ? declaredMetadata(value['metadata']) : {};
  return { kind, object: { ...object, metadata: { namespace: DEFAULT_NAMESPACE, ...metadata } } };
}

/** Without what only the store writes: a file may be the output of `server get`, which tells of an older state. */
function declaredMetadata(metadata: Declared): Declared {
  return Object.fromEntries(Object.entries(metadata).filter(([field]) => !WRITTEN_BY_THE_STORE.has(field)));
}

const WRITTEN_BY_THE_STORE: ReadonlySet<string> = new Set([
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'managedFields',
]);

function applyOne(
  client: ResourceClient,
  { kind, object }: KnownObject,
  options: ApplyOptions,
): Promise<Applied<Known>> {
  const write = {
    fieldManager: options.fieldManager,
    ...(options.dryRun === undefined ? {} : { dryRun: options.dryRun }),
    ...(options.force === undefined ? {} : { force: options.force }),
  };
  switch (kind) {
    case 'MCPServer':
      return client.apply(SERVERS, object, write);
    case 'MCPAccessGrant':
      return client.apply(GRANTS, object, write);
    case 'MCPAgentSession':
      return client.apply(SESSIONS, object, write);
  }
}

/** Conditions of grants are held against the tools of their server, as it is or will be. A server may come later. */
async function checkConditions(client: ResourceClient, objects: readonly Known[]): Promise<void> {
  for (const grant of objects) {
    if (grant.kind !== 'MCPAccessGrant') continue;
    const { name, namespace = grant.metadata.namespace } = grant.spec.serverRef;
    const together = objects.filter((object) => object.kind === 'MCPServer').find((object) => isAbout(grant, object));
    const server = together ?? (await client.get(SERVERS, { namespace, name })) ?? { spec: {} };
    const faults = conditionFaults(grant, server);
    if (faults.length === 0) continue;
    throw new AppError(
      'invalid_resource',
      faults.map((fault) => `MCPAccessGrant ${keyText(keyOf(grant))} ${fault}`).join('\n'),
    );
  }
}

function resultOf({ object, action }: Applied<Known>): Result {
  const { kind } = object;
  return { kind, namespace: object.metadata.namespace, name: object.metadata.name, action };
}

function memberOf(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}
