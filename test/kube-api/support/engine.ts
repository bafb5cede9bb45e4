import { setTimeout as delay } from 'node:timers/promises';
import { ANNOTATIONS, LABELS, type MCPServer, type ServerDefinitions } from '../../../packages/api/src/index.ts';
import { silentLogger } from '../../../packages/base/src/index.ts';
import { policyPartOf } from '../../../packages/delivery/src/layout.ts';
import { SERVERS } from '../../../packages/control-plane/src/index.ts';
import { CONFIG_MAPS, PODS } from '../../../packages/kube/src/index.ts';
import { type KubernetesClient } from '../../../packages/kube/src/kubernetes/index.ts';
import { type Engine, type EngineOptions, startEngine } from '../../../apps/operator/src/cluster/engine/engine.ts';
import { type Handshake } from '../../../apps/operator/src/index.ts';
import { OperatorSettings } from '../../../apps/operator/src/cluster/index.ts';
import { type TestNamespace } from '../../support/kubectl.ts';
import { until } from '../../support/until.ts';

/** What a server says of itself. */
export const HANDSHAKE: Handshake = {
  protocolVersion: '2025-11-25',
  serverInfo: { name: 'x', version: '1' },
  tools: [],
};

export const DEFINITIONS: ServerDefinitions = {
  schema_version: 'v1',
  server_info: HANDSHAKE.serverInfo,
  capabilities: { tools: {} },
  tools: [{ name: 'read' }, { name: 'write' }],
};

/** An operator that writes, for one namespace. Gateways are said to serve what is published, and servers to answer. */
export async function startOperatorIn(
  { name: namespace }: TestNamespace,
  client: KubernetesClient,
  settings: object = {},
  ports: Partial<Pick<EngineOptions, 'probe' | 'readActivity' | 'readTracks'>> = {},
): Promise<Engine> {
  const engine = startEngine({
    client,
    settings: OperatorSettings.parse({
      namespace,
      watchNamespace: namespace,
      images: { runtime: 'localhost/none:1' },
      gateway: { namespace },
      ingress: { kind: 'none' },
      ...settings,
    }),
    probe: async () => HANDSHAKE,
    tokenKeys: () => undefined,
    sessionKeys: () => undefined,
    readTracks: async () => new Map(),
    readRevisions: async () => {
      const { items } = await client.list(CONFIG_MAPS, { namespace, labels: { [LABELS.part]: 'policy' } });
      return new Map(
        items.flatMap(({ metadata }) => {
          const server = policyPartOf(metadata)?.server;
          const revision = metadata.annotations?.[ANNOTATIONS.policyRevision];
          return server === undefined || revision === undefined ? [] : [[`${namespace}/${server.name}`, revision]];
        }),
      );
    },
    readActivity: () => Promise.reject(new Error('nobody asks')),
    clock: () => Date.now(),
    log: silentLogger,
    ...ports,
  });
  engine.lead();
  await engine.synced;
  return engine;
}

/** Says that there is a gateway, at an address that nobody asks. */
export async function aGatewayIn(namespace: TestNamespace): Promise<void> {
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'gateways', labels: { 'kubernetes.io/service-name': 'mcp-runtime-gateway' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['192.0.2.1'] }],
    ports: [{ name: 'http', port: 8080 }],
  };
  await namespace.apply(slice);
}

/** What a kubelet says of pods that run. `label` is the value of the label of their server. */
export async function runPods(
  { name: namespace }: TestNamespace,
  client: KubernetesClient,
  label: string,
): Promise<void> {
  await until(`there are pods of ${label}`, async () => {
    const { items } = await client.list(PODS, { namespace, labels: { [LABELS.server]: label } });
    const conditions = [{ type: 'Ready', status: 'True' }];
    for (const pod of items) await client.updateStatus(PODS, { ...pod, status: { phase: 'Running', conditions } });
    return items.length > 0 ? true : undefined;
  });
}

/** The server, once it is as wanted: the time limit of the test run is the limit. */
export async function untilServer(
  { name: namespace }: TestNamespace,
  client: KubernetesClient,
  name: string,
  is: (server: MCPServer) => boolean | Promise<boolean>,
): Promise<MCPServer> {
  for (;;) {
    const server = await client.get(SERVERS, { namespace, name });
    if (server !== undefined && (await is(server))) return server;
    await delay(50);
  }
}
