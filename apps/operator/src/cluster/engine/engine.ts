import {
  type MCPAccessGrant,
  type MCPAgentSession,
  type MCPServer,
  type ObjectKey,
  asAppError,
  keyOf,
  keyText,
} from '@mcp-runtime/api';
import { type Clock, type Logger, OpenedSoFar, type Running, closeOnce } from '@mcp-runtime/base';
import { type Metrics } from '@mcp-runtime/base/metrics';
import {
  type KubeObject,
  type ResourceClient,
  type ResourceType,
  type StateChange,
  type WriteOptions,
} from '@mcp-runtime/kube';
import { SERVERS, durationMs } from '@mcp-runtime/control-plane';
import { createAccessController } from '../../access/controller.ts';
import { type Probe } from '../../ports.ts';
import { createWorkQueue } from '../../work-queue.ts';
import { type AuthorityMaterial } from '../mtls/authority.ts';
import { certificateName } from '../plan/mtls.ts';
import { placementOf } from '../plan/placement.ts';
import { createPullSecrets } from '../pull-secret/controller.ts';
import { type OperatorSettings } from '../settings.ts';
import { probeUrlOf } from './addresses-of-server.ts';
import { type ReadActivity } from '../sleep/follow-activity.ts';
import { createSleeping } from '../sleep/sleeping.ts';
import { createApplier } from './apply.ts';
import { sidecarsOf } from './gateway-replicas.ts';
import { OWNED_KINDS, idOf } from './kinds.ts';
import { createOperatorMetrics } from './metrics.ts';
import { createObjects } from './objects.ts';
import { createPlanner } from './planner.ts';
import { createPolicies, isPolicyPart } from './policies.ts';
import { startProbing } from './probing.ts';
import { createRecorder } from './recorder.ts';
import { type ReadRevisions, followRevisions } from './revisions.ts';
import { startRollouts } from './rollouts.ts';
import { createServingCertificates } from './serving-certificates.ts';
import { createSidecarKeys } from './sidecar-keys.ts';
import { type ReadTracks } from './trials.ts';
import { type World, watchWorld } from './world.ts';
import { type Written, createWriter } from './writer.ts';

export interface EngineOptions {
  readonly client: ResourceClient;
  readonly settings: OperatorSettings;
  readonly probe: Probe;
  readonly readRevisions: ReadRevisions;
  readonly readTracks: ReadTracks;
  /** No server sleeps where nobody tells whether it is idle. */
  readonly readActivity: ReadActivity;
  /** Public keys of session tokens (JWK Set), once they are known. */
  readonly tokenKeys: () => string | undefined;
  /** Session keys of the installation, once they are known. */
  readonly sessionKeys: () => string | undefined;
  /** Of the certificates of gateways with TLS, once it is known; none are issued without. */
  readonly authority?: () => AuthorityMaterial | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Watches from the start; writes from `lead` on. */
export interface Engine extends Running {
  /** Resolves once everything was listed. */
  readonly synced: Promise<void>;
  /** This replica is the one that writes. */
  lead(): void;
  /** What servers are planned with is another than before. */
  lookAgain(): void;
  readonly metrics: Pick<Metrics, 'text'>;
  readonly world: World;
}

const BACKOFF = { initialMs: 200, factor: 2, maxMs: 60_000 };
/** How long until it is seen whether an object of somebody else still has the name that a server wants, milliseconds. */
const NAME_TAKEN_MS = 60_000;
const POLICIES_AT_ONCE = 32;
/** Kinds of which only what we write ourselves counts: our own writing is no news. */
const WITHOUT_STATUS: ReadonlySet<string> = new Set(['NetworkPolicy', 'Role', 'RoleBinding', 'ServiceAccount']);

export function startEngine(options: EngineOptions): Engine {
  const { client, settings, clock, log } = options;
  const opened = new OpenedSoFar();
  const stop = new AbortController();
  opened.add(() => stop.abort());
  let role: 'standby' | 'leader' = 'standby';

  const applier = createApplier(client);
  const sidecarKeys = createSidecarKeys({ client, sessionKeys: options.sessionKeys, clock });
  const certificates = createServingCertificates({
    client,
    settings,
    authority: () => options.authority?.(),
    observed: ({ metadata: { name, namespace } }) =>
      world.owned.get(
        idOf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: certificateName({ name }), namespace } }),
      ),
    clock,
  });
  const pullSecrets = createPullSecrets({ client, settings, servers: () => world.servers(), log });
  opened.add(() => pullSecrets.close());
  const recorder = createRecorder(client, clock, log);
  const metrics = createOperatorMetrics({
    depth: (name) =>
      ({ access: { depth: () => access.pending() }, objects: objectQueue, policies: policyQueue, probes: probing })[
        name
      ].depth(),
    objects: () => world.counts(),
    asleep: () => sleeping.count(),
    ready: () => world.servers().filter(isReady).length,
    isLeader: () => role === 'leader',
  });
  const typeOf = ({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }) =>
    OWNED_KINDS.find((type) => type.apiVersion === apiVersion && type.kind === kind);
  const writer = createWriter({ client, applier, typeOf, onWritten });

  /** Only the leader works; what a standby sees it does when it comes to lead. */
  const whenLeading =
    (work: (key: ObjectKey) => void) =>
    (key: ObjectKey): void => {
      if (role === 'leader') work(key);
    };
  const askObjects = whenLeading((key) => objectQueue.add(key));
  const askPolicy = whenLeading((key) => policyQueue.add(key));
  const world = watchWorld({
    client,
    settings,
    signal: stop.signal,
    log,
    onServer: (key) => {
      pullSecrets.look(key.namespace);
      askObjects(key);
      sleeping.look();
    },
    onPolicyInput: askPolicy,
    onOwned: (key, object, type) => {
      if (type === 'deleted') applier.forget(object);
      else if (WITHOUT_STATUS.has(object.kind) && applier.isOwnWriting(object)) return;
      (isPolicyPart(object) ? askPolicy : askObjects)(key);
    },
    onGateways: () => {
      revisions.look();
      sleeping.look();
    },
    onKindServed: () => {
      for (const server of world.servers()) askObjects(keyOf(server));
    },
    onApiServer: () => {
      for (const server of world.servers()) if (isSidecar(server)) askObjects(keyOf(server));
    },
    onResource: (change) => {
      if (isServerChange(change)) access.onServer(change);
      else access.onAccess(change);
    },
  });
  const access = createAccessController(
    {
      servers: { get: (key) => world.views.servers.get(key) },
      grants: { get: (key) => world.views.grants.get(key), all: () => world.views.grants.all() },
      sessions: { get: (key) => world.views.sessions.get(key), all: () => world.views.sessions.all() },
    },
    {
      client: { ...client, updateStatus: writeAccessStatus },
      retention: { expiredSessionsMs: durationMs(settings.retention.expiredSessions) },
      writesPerSecond: settings.engine.accessStatusesPerSecond,
      clock,
      log,
    },
  );
  opened.add(() => access.close());
  const revisions = followRevisions({
    replicasOf: (key) => {
      const server = world.server(key);
      return server !== undefined && isSidecar(server) ? sidecarsOf(world.podsOf(key)) : world.gateways();
    },
    read: options.readRevisions,
    clock,
    onServed: askObjects,
    onPropagated: (_, afterMs) => metrics.propagated(afterMs),
  });
  opened.add(() => revisions.close());
  const policies = createPolicies({
    world,
    writer,
    settings,
    clock,
    log,
    onPublished: (key, revision) => revisions.expect(key, revision, clock()),
    onState: askObjects,
    definitionsOf: (server) => sleeping.definitionsOf(server),
  });
  const probing = startProbing({
    probe: options.probe,
    track: 'stable',
    intervalMs: durationMs(settings.engine.probeInterval),
    onOutcome: (key) => {
      askObjects(key);
      if (world.server(key)?.spec.sleep === undefined) return;
      askPolicy(key);
      sleeping.look();
    },
    onDone: (done) => metrics.done('probes', done),
  });
  opened.add(() => probing.close());
  const rollouts = startRollouts({
    probe: options.probe,
    urlOf: (server) => probeUrlOf(server, settings, 'canary'),
    probeIntervalMs: durationMs(settings.engine.probeInterval),
    gateways: () => world.gateways(),
    readTracks: options.readTracks,
    countIntervalMs: durationMs(settings.engine.trialInterval),
    clock,
    onNews: askObjects,
    onDone: (done) => metrics.done('probes', done),
  });
  opened.add(() => rollouts.close());
  const sleeping = createSleeping({
    world,
    probing,
    settings,
    read: options.readActivity,
    clock,
    onChange: (key, activity, because) => {
      log.info('a server sleeps or wakes', { server: keyText(key), activity, because });
      metrics.slept(activity);
      askObjects(key);
    },
  });
  opened.add(() => sleeping.close());
  const plan = createPlanner({
    settings,
    world,
    sidecarKeys,
    certificates,
    sleeping,
    tokenKeys: options.tokenKeys,
    clock,
    onResolved: askObjects,
    lookAfter: (key, ms) => objectQueue.addAfter(key, ms),
  });
  const objects = createObjects({
    client,
    world,
    writer,
    typeOf,
    plan,
    onNameTaken: (key) => objectQueue.addAfter(key, NAME_TAKEN_MS),
    beforePods: async (server) => {
      if (isSidecar(server)) await sidecarKeys.ensure(server);
      await certificates.ensureKey(server);
    },
    settings,
    policies,
    probing,
    revisions,
    rollouts,
    sleeping,
    recorder,
    onStatusWritten: (before, { rollout }) => {
      metrics.statusWritten(SERVERS.kind);
      const isNew = before?.rollout?.hash !== rollout?.hash || before?.rollout?.phase !== rollout?.phase;
      if (rollout !== undefined && isNew) metrics.rolledOut(rollout.phase);
    },
    clock,
  });
  const policyQueue = createWorkQueue({
    workers: POLICIES_AT_ONCE,
    work: (key) => policies.publish(key),
    backoff: BACKOFF,
    onError: logFailure('publishing a policy failed and is tried again'),
    onDone: (done) => metrics.done('policies', done),
  });
  opened.add(() => policyQueue.close());
  const objectQueue = createWorkQueue({
    workers: settings.engine.workers,
    work: (key) => objects.reconcile(key),
    backoff: BACKOFF,
    onError: logFailure('reconciling failed and is tried again'),
    onDone: (done) => metrics.done('objects', done),
  });
  opened.add(() => objectQueue.close());

  function isSidecar(server: MCPServer): boolean {
    return placementOf(server, settings) === 'sidecar';
  }

  async function writeAccessStatus<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    how?: WriteOptions,
  ): Promise<T> {
    const written = await client.updateStatus(type, object, how);
    metrics.statusWritten(type.kind);
    return written;
  }

  function onWritten(written: Written): void {
    metrics.written(written);
    const { action, text, object } = written;
    if (action === 'unchanged') return;
    log.info('an object was written', { action, object: text });
    const server = action === 'repaired' ? world.server(ownerOf(object)) : undefined;
    if (server !== undefined)
      recorder.record(server, {
        type: 'Warning',
        reason: 'DriftRepaired',
        message: `${text} was changed and put right`,
      });
  }

  function logFailure(message: string): (key: ObjectKey, error: unknown) => void {
    return (key, error) => {
      // Somebody else wrote meanwhile, which is seen in a moment.
      const isUsual = asAppError(error).code === 'conflict';
      log[isUsual ? 'debug' : 'warn'](message, { server: keyText(key), error: String(error) });
    };
  }

  function startWriting(): void {
    role = 'leader';
    access.start();
    pullSecrets.start();
    sleeping.start();
    sleeping.look();
    for (const key of [...world.servers().map(keyOf), ...world.owned.servers()]) {
      policyQueue.add(key);
      objectQueue.add(key);
    }
  }

  return {
    synced: world.synced,
    // A policy from half of the sessions would revoke the others: nothing is written before all are seen.
    lead: () => void world.synced.then(startWriting, () => {}),
    lookAgain: () => {
      for (const server of world.servers()) askObjects(keyOf(server));
    },
    metrics: metrics.registry,
    world,
    ...closeOnce(() => opened.releaseAll()),
  };
}

function ownerOf({ metadata }: KubeObject): ObjectKey {
  const owner = metadata.ownerReferences?.find(({ kind }) => kind === 'MCPServer');
  return { namespace: metadata.namespace, name: owner?.name ?? '' };
}

function isServerChange(
  change: StateChange<MCPServer> | StateChange<MCPAccessGrant> | StateChange<MCPAgentSession>,
): change is StateChange<MCPServer> {
  return change.object.kind === 'MCPServer';
}

function isReady({ status }: MCPServer): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
}
