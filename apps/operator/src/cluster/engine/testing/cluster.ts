import { EventEmitter, once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import {
  ANNOTATIONS,
  API_VERSION,
  AppError,
  type GatewayActivity,
  LABELS,
  type MCPServer,
  type PolicyDocument,
  type MCPServerStatus,
  type ServerDefinitions,
} from '@mcp-runtime/api';
import { silentLogger } from '@mcp-runtime/base';
import { SERVERS } from '@mcp-runtime/control-plane';
import { decodeDelivery } from '@mcp-runtime/delivery';
import {
  CONFIG_MAPS,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  type KubeObject,
  type ResourceClient,
  type ResourceStore,
  type ResourceType,
  SERVICES,
  openMemoryStore,
} from '@mcp-runtime/kube';
import { type Handshake } from '../../../ports.ts';
import { type TrackCounts } from '../../rollout/tally.ts';
import { OperatorSettings } from '../../settings.ts';
import { type Engine, startEngine } from '../engine.ts';

export const NAMESPACE = 'team-a';
export const at = (name: string) => ({ namespace: NAMESPACE, name });
export const FILES = at('files');

export const DEFINITIONS: ServerDefinitions = {
  schema_version: 'v1',
  server_info: { name: 'x', version: '1' },
  capabilities: { tools: {} },
  tools: [{ name: 'read' }],
};

/** A cluster in memory: Deployments become available, Services get an address, and gateways serve what is published. */
export class Cluster {
  readonly store: ResourceStore = openMemoryStore({ clock: () => Date.now() });
  writes = 0;
  probes = 0;
  answers = true;
  tools: Handshake['tools'] = [];
  /** What the gateway says that it serves; what is published when undefined. */
  served: ReadonlyMap<string, string> | undefined;
  /** What the gateway has counted. */
  tracks: ReadonlyMap<string, TrackCounts> = new Map();
  /** What the gateway tells of servers that may sleep; it is away when undefined. */
  idle: GatewayActivity | undefined;
  readonly told = new EventEmitter();
  readonly #stop = new AbortController();

  /** Counts what is written through it. */
  readonly client: ResourceClient = {
    ...this.store,
    create: (type, object, options) => this.counted(this.store.create(type, object, options)),
    update: (type, object, options) => this.counted(this.store.update(type, object, options)),
    updateStatus: (type, object, options) => this.counted(this.store.updateStatus(type, object, options)),
    apply: (type, object, options) => this.counted(this.store.apply(type, object, options)),
    delete: (type, key, options) => this.counted(this.store.delete(type, key, options)),
  };

  async activity(seen: number | undefined, signal: AbortSignal): Promise<GatewayActivity> {
    while (this.idle !== undefined && seen === this.idle.sequence) await once(this.told, 'idle', { signal });
    return this.idle ?? Promise.reject(new AppError('upstream_unavailable', 'away'));
  }

  tell(idle: Partial<GatewayActivity['servers'][number]>): void {
    const one = { server: 'team-a/files', idle_ms: 0, open: 0, wanted: false, knows: true, ...idle };
    this.idle = { sequence: (this.idle?.sequence ?? 0) + 1, servers: [one] };
    this.told.emit('idle');
  }

  counted<T>(written: Promise<T>): Promise<T> {
    this.writes += 1;
    return written;
  }

  async start(settings: object = {}, clock: () => number = () => Date.now()): Promise<Engine> {
    const engine = startEngine({
      client: this.client,
      settings: OperatorSettings.parse({ images: { runtime: 'i' }, ingress: { kind: 'none' }, ...settings }),
      probe: async (_key, _url, { look }) => {
        this.probes += 1;
        if (!this.answers) throw new AppError('upstream_unavailable', 'no answer');
        const shaken = { protocolVersion: '2025-11-25', serverInfo: { name: 'x', version: '1' }, tools: this.tools };
        return look === 'definitions' ? { ...shaken, definitions: DEFINITIONS } : shaken;
      },
      tokenKeys: () => undefined,
      sessionKeys: () => `${Buffer.alloc(32, 1).toString('base64url')}\n`,
      readTracks: async () => this.tracks,
      readActivity: (_, seen, signal) => this.activity(seen, signal),
      readRevisions: async () => this.served ?? (await this.published()),
      clock,
      log: silentLogger,
    });
    engine.lead();
    await engine.synced;
    return engine;
  }

  async published(): Promise<ReadonlyMap<string, string>> {
    const { items } = await this.store.list(CONFIG_MAPS, { labels: { [LABELS.part]: 'policy' } });
    return new Map(
      items.map(({ metadata }) => [
        `${metadata.namespace}/${metadata.labels?.[LABELS.server]}`,
        metadata.annotations?.[ANNOTATIONS.policyRevision] ?? '',
      ]),
    );
  }

  /** What the controllers of Kubernetes do. */
  async live(): Promise<void> {
    const { signal } = this.#stop;
    const { resourceVersion } = await this.store.list(DEPLOYMENTS);
    const onError = (): void => {};
    this.store.watch(DEPLOYMENTS, {
      resourceVersion,
      signal,
      onError,
      on: (event) => {
        if (event.type !== 'added' && event.type !== 'modified') return;
        const { generation: observedGeneration } = event.object.metadata;
        const conditions = [{ type: 'Available', status: 'True' }];
        const status = { observedGeneration, replicas: 1, updatedReplicas: 1, availableReplicas: 1, conditions };
        if (JSON.stringify(event.object.status) === JSON.stringify(status)) return;
        this.store.updateStatus(DEPLOYMENTS, { ...event.object, status }).catch(onError);
      },
    });
    this.store.watch(SERVICES, {
      resourceVersion,
      signal,
      onError,
      on: (event) => {
        if (event.type !== 'added') return;
        const { namespace, name } = event.object.metadata;
        const config = {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { namespace, name },
          spec: { clusterIP: '10.0.0.1' },
        };
        this.store.apply(SERVICES, config, { fieldManager: 'cluster' }).catch(onError);
      },
    });
    await this.store.create(ENDPOINT_SLICES, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        namespace: 'mcp-runtime',
        name: 'gateways',
        labels: { 'kubernetes.io/service-name': 'mcp-runtime-gateway' },
      },
      endpoints: [{ addresses: ['10.1.0.1'], targetRef: { name: 'gateway-0' } }],
    });
  }

  async until<T extends KubeObject>(
    type: ResourceType<T>,
    key: { namespace: string; name: string },
    is: (object: T | undefined) => boolean,
  ): Promise<T | undefined> {
    for (;;) {
      const object = await this.store.get(type, key);
      if (is(object)) return object;
      await turn();
    }
  }

  /** The status of a server once the condition says so. */
  async status(name: string, type: string, reason: string): Promise<MCPServerStatus | undefined> {
    const server = await this.until(SERVERS, at(name), (found) => reasonOf(found, type) === reason);
    return server?.status;
  }

  async policy(name: string): Promise<PolicyDocument | undefined> {
    const { items } = await this.store.list(CONFIG_MAPS, { namespace: NAMESPACE });
    const decoded = decodeDelivery(at(name), items);
    return decoded.ok ? decoded.document : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.store.close();
  }
}

export async function aCluster(): Promise<Cluster> {
  const cluster = new Cluster();
  await cluster.live();
  return cluster;
}

export function reasonOf(server: MCPServer | undefined, type: string): string | undefined {
  return server?.status?.conditions?.find((condition) => condition.type === type)?.reason;
}

export function aServer(name: string, spec: object = {}): object {
  return {
    apiVersion: API_VERSION,
    kind: 'MCPServer',
    metadata: at(name),
    spec: { image: 'example.com/files:1', ...spec },
  };
}

export function aSession(name: string, server: string): object {
  const spec = { serverRef: { name: server }, subject: { humanID: 'a' } };
  return { apiVersion: API_VERSION, kind: 'MCPAgentSession', metadata: at(name), spec };
}

export function aGrant(name: string, server: string): object {
  const spec = {
    serverRef: { name: server },
    subject: { humanID: 'a' },
    maxTrust: 'low',
    allowedSideEffects: ['read'],
  };
  return { apiVersion: API_VERSION, kind: 'MCPAccessGrant', metadata: at(name), spec };
}

/** Waits until no queue of the engine has anything to do. */
export async function settled(engine: Engine): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { body } = await engine.metrics.text();
    if (!/^mcp_operator_queue_depth\{.*\} [1-9]/m.test(body)) return;
  }
}

/** Waits for what must come to hold; the time limit of the test run is the limit. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await turn();
}
