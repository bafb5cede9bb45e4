import {
  ANNOTATIONS,
  type AppError,
  type ErrorCode,
  LABELS,
  MANAGED_BY,
  type MCPAccessGrant,
  type MCPAgentSession,
  type MCPServer,
  type ObjectKey,
  keyOf,
  keyText,
} from '@mcp-runtime/api';
import { type Logger } from '@mcp-runtime/base';
import { GRANTS, SERVERS, SESSIONS } from '@mcp-runtime/control-plane';
import {
  AUTOSCALERS,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  type EndpointSlice,
  type KubeObject,
  PODS,
  type ResourceClient,
  type ResourceType,
  type StateChange,
  watchState,
} from '@mcp-runtime/kube';
import { type AccessViews } from '../../access/controller.ts';
import { type AccessIndex, createAccessIndex } from '../../access-index.ts';
import { type PathTable, createPathTable } from '../../path-table.ts';
import { workloadName } from '../plan/names.ts';
import { type ApiServerAddress } from '../plan/settings.ts';
import { type OperatorSettings } from '../settings.ts';
import { autoscaledDeployment } from './autoscaled.ts';
import { type GatewayReplica, replicasOf } from './gateway-replicas.ts';
import { OWNED_KINDS, idOf, needOf } from './kinds.ts';
import { type NameTable, createNameTable } from './name-table.ts';
import { type OwnedObjects, createOwnedObjects, serverOf } from './owned-objects.ts';

/** The cluster as it was last seen, indexed by server. */
export interface World {
  server(key: ObjectKey): MCPServer | undefined;
  servers(): readonly MCPServer[];
  /** As a whole, for those who keep an index of their own. */
  readonly views: AccessViews;
  readonly access: Pick<AccessIndex, 'grantsOf' | 'sessionsOf'>;
  readonly paths: Pick<PathTable, 'conflict'>;
  readonly names: Pick<NameTable, 'conflict' | 'canaryName' | 'canaryConflict'>;
  readonly owned: Pick<OwnedObjects, 'of' | 'get' | 'servers'>;
  podsOf(server: ObjectKey): readonly KubeObject[];
  /** Pods of the shared gateways that are not about to end. */
  gateways(): readonly GatewayReplica[];
  /** Where the API server is, behind its Service. */
  apiServer(): readonly ApiServerAddress[];
  /** Names of Deployments of a namespace whose replicas an autoscaler decides. */
  autoscaledIn(namespace: string): ReadonlySet<string>;
  /** Why objects of a kind cannot be watched now, where the cluster need not have it. */
  unserved(type: ResourceType<KubeObject>): AppError | undefined;
  /** Resolves once everything that there is was listed; rejects with `canceled` when the signal comes before. */
  readonly synced: Promise<void>;
  /** How many objects are watched, by plural. */
  counts(): Readonly<Record<string, number>>;
}

/** What somebody is told when the world changes. */
export interface WorldEvents {
  /** What a server asks for, or whether it is there. */
  onServer(key: ObjectKey): void;
  /** What a policy is made of: a server in any part, a grant or a session. */
  onPolicyInput(key: ObjectKey): void;
  /** Objects or pods that belong to a server. */
  onOwned(key: ObjectKey, object: KubeObject, type: StateChange<KubeObject>['type']): void;
  onGateways(): void;
  /** A kind is served from now on that was not before. */
  onKindServed(): void;
  onApiServer(): void;
  /** Every change, in order, before the others are told. */
  onResource(change: StateChange<MCPServer> | StateChange<MCPAccessGrant> | StateChange<MCPAgentSession>): void;
}

interface WorldOptions extends WorldEvents {
  readonly client: ResourceClient;
  readonly settings: Pick<OperatorSettings, 'gateway' | 'ingress' | 'mtls' | 'watchNamespace'>;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** The Service of the API server, in every cluster. */
const API_SERVER = { namespace: 'default', name: 'kubernetes' };
/** What the API says of a kind that it has not, or that nobody allows. */
const UNSERVED: ReadonlySet<ErrorCode> = new Set(['not_found', 'forbidden']);
const MANAGED = { [LABELS.managedBy]: MANAGED_BY };

export function watchWorld(options: WorldOptions): World {
  const { client, settings, signal, log } = options;
  const watching = {
    ...(settings.watchNamespace === undefined ? {} : { namespace: settings.watchNamespace }),
    signal,
    onError: (error: AppError) => log.warn('watching failed', { error: error.message }),
  };
  const access = createAccessIndex();
  const paths = createPathTable();
  const owned = createOwnedObjects();
  const pods = createOwnedObjects();
  const names = createNameTable((deployment) => {
    const found = owned.get(idOf({ ...DEPLOYMENTS, metadata: deployment }));
    return found === undefined ? undefined : serverOf(found);
  });
  const isNews = newsFilter();

  const onAccess = (change: StateChange<MCPAccessGrant> | StateChange<MCPAgentSession>): void => {
    options.onResource(change);
    for (const key of access.take(change)) options.onPolicyInput(key);
  };
  const tellRival = (key: ObjectKey): void => {
    options.onPolicyInput(key);
    options.onServer(key);
  };
  const grants = watchState(client, lean(GRANTS), { ...watching, onChange: onAccess });
  const sessions = watchState(client, lean(SESSIONS), { ...watching, onChange: onAccess });
  const servers = watchState(client, lean(SERVERS), {
    ...watching,
    onChange: (change) => {
      options.onResource(change);
      const key = keyOf(change.object);
      for (const rival of [...paths.take(change), ...names.take(change)]) tellRival(rival);
      options.onPolicyInput(key);
      if (isNews(change.object, change.type)) options.onServer(key);
    },
  });
  const missing = new Map<ResourceType<KubeObject>, AppError>();
  /** Also resolves when the cluster turns out not to have the kind. */
  const watchOwned = (type: ResourceType<KubeObject>): { readonly synced: Promise<void> } => {
    const isKnown = Promise.withResolvers<void>();
    const need = needOf(type, settings);
    const enough = new AbortController();
    const view = watchState(client, type, {
      ...watching,
      signal: AbortSignal.any([signal, enough.signal]),
      labels: MANAGED,
      onError: (error) => {
        if (need === 'always' || !UNSERVED.has(error.code)) return watching.onError(error);
        isKnown.resolve();
        if (need === 'for-removal') {
          enough.abort();
          if (error.code === 'forbidden')
            log.info('what settings before have left is not looked for', { error: error.message });
          return;
        }
        if (missing.get(type)?.message !== error.message) watching.onError(error);
        missing.set(type, error);
      },
      onConnection: (state) => {
        if (state === 'live' && missing.delete(type)) options.onKindServed();
      },
      onChange: (change) => {
        const keys = owned.take(change);
        for (const key of keys) options.onOwned(key, change.object, change.type);
        if (type !== DEPLOYMENTS || change.type === 'modified') return;
        // Its name was taken, or is free again.
        const rivals = names
          .claimants(change.object)
          .filter((key) => !keys.some((own) => keyText(own) === keyText(key)));
        for (const rival of rivals) tellRival(rival);
      },
    });
    return { synced: Promise.race([view.synced, isKnown.promise]) };
  };
  const ownedViews = OWNED_KINDS.map(watchOwned);
  const podView = watchState(client, lean(PODS), {
    ...watching,
    labels: MANAGED,
    onChange: (change) => {
      for (const key of pods.take(change)) options.onOwned(key, change.object, change.type);
    },
  });
  const slices = watchState<EndpointSlice>(client, ENDPOINT_SLICES, {
    ...watching,
    namespace: settings.gateway.namespace,
    labels: { 'kubernetes.io/service-name': settings.gateway.service },
    onChange: () => options.onGateways(),
  });
  const apiServer = watchState<EndpointSlice>(client, ENDPOINT_SLICES, {
    ...watching,
    namespace: API_SERVER.namespace,
    labels: { 'kubernetes.io/service-name': API_SERVER.name },
    onChange: () => options.onApiServer(),
  });
  const autoscalers = watchState(client, lean(AUTOSCALERS), {
    ...watching,
    onChange: ({ object }) => {
      const name = autoscaledDeployment(object);
      const server = servers
        .all()
        .find(
          ({ metadata }) => metadata.namespace === object.metadata.namespace && workloadName(metadata.name) === name,
        );
      if (server !== undefined) options.onServer(keyOf(server));
    },
  });
  const views = [grants, sessions, servers, ...ownedViews, podView, slices, apiServer, autoscalers];
  return {
    server: (key) => servers.get(key),
    servers: () => servers.all(),
    views: { servers, grants, sessions },
    access,
    paths,
    names,
    owned,
    podsOf: (key) => pods.of(key),
    gateways: () => replicasOf(slices.all()),
    apiServer: () => addressesOf(apiServer.all()),
    autoscaledIn: (namespace) =>
      new Set(
        autoscalers
          .all()
          .filter(({ metadata }) => metadata.namespace === namespace)
          .flatMap((one) => autoscaledDeployment(one) ?? []),
      ),
    unserved: (type) => missing.get(type),
    synced: Promise.all(views.map(({ synced }) => synced)).then(() => {}),
    counts: () => ({
      [SERVERS.plural]: servers.all().length,
      [GRANTS.plural]: grants.all().length,
      [SESSIONS.plural]: sessions.all().length,
    }),
  };
}

function addressesOf(slices: readonly EndpointSlice[]): readonly ApiServerAddress[] {
  const found = slices.flatMap(({ endpoints = [], ports = [] }) =>
    ports.flatMap(({ port }) =>
      port === undefined ? [] : endpoints.flatMap(({ addresses }) => addresses.map((address) => ({ address, port }))),
    ),
  );
  return found.toSorted((a, b) => (`${a.address} ${a.port}` < `${b.address} ${b.port}` ? -1 : 1));
}

/** Who owns which field matters for what we apply, and takes much of the memory of everything else. */
function lean<T extends KubeObject>(type: ResourceType<T>): ResourceType<T> {
  return {
    ...type,
    parse: (value) => {
      const object = type.parse(value);
      const { managedFields: _, ...metadata } = object.metadata;
      return { ...object, metadata };
    },
  };
}

/** A status is our own writing: only what somebody asks for is news, and what was decided of a trial. */
function newsFilter(): (server: MCPServer, type: 'added' | 'modified' | 'deleted') => boolean {
  const seen = new Map<string, string>();
  return ({ metadata, status }, type) => {
    const id = keyText(metadata);
    const { uid, generation, labels, deletionTimestamp } = metadata;
    const rollout = [metadata.annotations?.[ANNOTATIONS.rollout], status?.rollout?.phase, status?.rollout?.hash];
    const version = JSON.stringify([uid, generation, labels, deletionTimestamp, rollout]);
    const before = seen.get(id);
    if (type === 'deleted') seen.delete(id);
    else seen.set(id, version);
    return type === 'deleted' || before !== version;
  };
}
