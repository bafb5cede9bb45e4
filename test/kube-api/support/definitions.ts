import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { API_VERSION, RESOURCE_KINDS } from '../../../packages/api/src/index.ts';
import { type KubeObject, type ResourceType } from '../../../packages/kube/src/index.ts';
import { type KubernetesClient } from '../../../packages/kube/src/kubernetes/index.ts';
import { plainType, serveKind } from './cluster.ts';

export type Kind = keyof typeof RESOURCE_KINDS;

/** A kind of ours as the API server has it: our schemas do not look at it. */
export function servedType(kind: Kind): ResourceType<KubeObject> {
  return plainType(API_VERSION, kind, RESOURCE_KINDS[kind].plural, true);
}

export async function serveDefinitions(client: KubernetesClient): Promise<void> {
  for (const kind of ['MCPServer', 'MCPAccessGrant', 'MCPAgentSession'] as const) {
    const file = `mcpruntime.org_${RESOURCE_KINDS[kind].plural}.yaml`;
    const crd: unknown = parse(readFileSync(join(import.meta.dirname, '../../../deploy/crds', file), 'utf8'));
    await serveKind(client, crd, servedType(kind));
  }
}
