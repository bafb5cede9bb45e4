import {
  AppError,
  FIELD_MANAGERS,
  LABELS,
  type MCPServer,
  type MCPServerStatus,
  type ObjectKey,
  type RolloutStatus,
  asAppError,
  keyOf,
  keyText,
  toConditionReason,
} from '@mcp-runtime/api';
import { type Clock } from '@mcp-runtime/base';
import { SERVERS } from '@mcp-runtime/control-plane';
import { type KubeObject, type ResourceClient, type ResourceType } from '@mcp-runtime/kube';
import { type Blocked, saysTheSame } from '../../conditions.ts';
import { type DesiredObject, type Plan } from '../plan/index.ts';
import { type OperatorSettings } from '../settings.ts';
import { isReadyPod, restartsOf } from '../status/pod-trouble.ts';
import { type Sleeping } from '../sleep/sleeping.ts';
import { type ClusterObserved, clusterStatusOf, shouldStand } from '../status/status.ts';
import { workloadVerdict } from '../status/workload.ts';
import { endpointOf, probeUrlOf } from './addresses-of-server.ts';
import { type Desired } from './apply.ts';
import { idOf, textOf } from './kinds.ts';
import { newsOf } from './news.ts';
import { serverOf } from './owned-objects.ts';
import { type Policies, isPolicyPart } from './policies.ts';
import { type Probing } from './probing.ts';
import { type Recorder } from './recorder.ts';
import { type Revisions } from './revisions.ts';
import { type Rollouts } from './rollouts.ts';
import { withReplicasUntilTaken } from './scaled.ts';
import { type World } from './world.ts';
import { type Writer } from './writer.ts';

const WRITER = { fieldManager: FIELD_MANAGERS.operator } as const;

interface ObjectsOptions {
  readonly client: ResourceClient;
  readonly world: World;
  readonly writer: Writer;
  readonly typeOf: (object: {
    readonly apiVersion: string;
    readonly kind: string;
  }) => ResourceType<KubeObject> | undefined;
  readonly plan: (server: MCPServer) => Plan;
  /** An object of others has a name that the server wants: nobody tells when it is gone. */
  readonly onNameTaken: (key: ObjectKey) => void;
  /** What its pods need and the plan only names. */
  readonly beforePods: (server: MCPServer) => Promise<void>;
  readonly settings: OperatorSettings;
  readonly policies: Pick<Policies, 'state'>;
  readonly probing: Pick<Probing, 'want' | 'drop' | 'outcome'>;
  readonly revisions: Pick<Revisions, 'served' | 'forget'>;
  readonly rollouts: Pick<Rollouts, 'next' | 'drop'>;
  readonly sleeping: Pick<Sleeping, 'activityOf' | 'forget'>;
  readonly recorder: Recorder;
  readonly onStatusWritten: (before: MCPServerStatus | undefined, after: MCPServerStatus) => void;
  readonly clock: Clock;
}

/** Makes the objects of a server be as planned, and its status say how it is. */
export interface Objects {
  /** Rejects when it should be tried again; what trying again does not help is said in the status. */
  reconcile(key: ObjectKey): Promise<void>;
}

export function createObjects(options: ObjectsOptions): Objects {
  const { world, writer, settings, probing } = options;
  const written = new Map<string, { readonly seen: string | undefined; readonly object: MCPServer }>();

  async function reconcile(key: ObjectKey): Promise<void> {
    const server = world.server(key);
    if (server === undefined) return removeAll(key);
    // What it owns goes with it.
    if (server.metadata.deletionTimestamp !== undefined) return;
    const blocked = await makeObjects(server);
    const observed = observe(server, blocked);
    const id = probeId(observed);
    if (id === undefined) probing.drop(key);
    else probing.want(server, id, probeUrlOf(server, settings));
    await writeStatus(server, { ...observed, shakenHands: probing.outcome(server) });
  }

  /** Returns why it could not be done, when only a change of the server or of the settings helps. */
  async function makeObjects(server: MCPServer): Promise<Blocked | undefined> {
    const conflict = world.paths.conflict(server) ?? world.names.conflict(server);
    if (conflict !== undefined) {
      // The other server is reached there now, or runs under that name. What runs is left alone.
      await writer.prune(objectsOf(server).filter(({ kind }) => kind === 'Ingress' || kind === 'HTTPRoute'));
      return conflict;
    }
    const plan = options.plan(server);
    if (plan.kind === 'refused') return blockedBy(plan.reason);
    const unserved = plan.objects.flatMap((object) => unservedOf(object) ?? [])[0];
    if (unserved !== undefined) return blockedBy(unserved);
    const taken = await nameTaken(plan.objects);
    if (taken !== undefined) {
      options.onNameTaken(keyOf(server));
      return taken;
    }
    try {
      await options.beforePods(server);
      for (const desired of inOrder(plan.objects)) await applyOne(desired);
    } catch (error) {
      const refusal = asAppError(error);
      if (refusal.code !== 'invalid_resource') throw error;
      return blockedBy(refusal);
    }
    const wanted = new Set(plan.objects.map(idOf));
    await writer.prune(objectsOf(server).filter((object) => !wanted.has(idOf(object))));
    return undefined;
  }

  /** Nothing is tried then: it goes on as soon as the kind is there. */
  function unservedOf(object: Desired): AppError | undefined {
    const type = options.typeOf(object);
    const why = type === undefined ? undefined : world.unserved(type);
    return (
      why && new AppError('invalid_config', why.message, { next: 'or change the settings of the operator', cause: why })
    );
  }

  /** Who may write MCPServers need not be allowed to change the Deployment, Service or Role that somebody else made. */
  async function nameTaken(objects: readonly DesiredObject[]): Promise<Blocked | undefined> {
    const found = await Promise.all(
      objects.map(async (desired) => {
        const type = isOfServer(desired) ? options.typeOf(desired) : undefined;
        if (type === undefined) return undefined;
        return world.owned.get(idOf(desired)) ?? (await options.client.get(type, desired.metadata));
      }),
    );
    // Of two servers with one name `world.names` knows.
    const foreign = found.find((object) => object !== undefined && serverOf(object) === undefined);
    return foreign && { reason: 'NameInUse', message: `${textOf(foreign)} ${NOT_OURS}` };
  }

  async function applyOne(desired: Desired): Promise<void> {
    const type = options.typeOf(desired);
    if (type === undefined) throw new TypeError(`${desired.apiVersion} ${desired.kind} is planned and not watched`);
    const observed = world.owned.get(idOf(desired));
    await writer.apply(type, withReplicasUntilTaken(desired, observed), observed);
  }

  /** All but the policy, which is published apart. */
  function objectsOf(server: MCPServer): readonly KubeObject[] {
    return world.owned.of(keyOf(server)).filter((object) => !isPolicyPart(object));
  }

  /** What the server owned goes by garbage collection; the rest is in other namespaces. */
  async function removeAll(key: ObjectKey): Promise<void> {
    probing.drop(key);
    options.rollouts.drop(key);
    written.delete(keyText(key));
    options.revisions.forget(key);
    options.sleeping.forget(key);
    options.recorder.forget(key);
    await writer.prune(world.owned.of(key).filter(({ metadata }) => (metadata.ownerReferences ?? []).length === 0));
  }

  function observe(server: MCPServer, blocked: Blocked | undefined): Seen {
    const key = keyOf(server);
    const objects = world.owned.of(key);
    const pods = world.podsOf(key);
    const find = (kind: string, track?: string): KubeObject | undefined =>
      objects.find((one) => one.kind === kind && (track === undefined || trackOf(one) === track));
    const podsAt = (track: string): readonly KubeObject[] => pods.filter((pod) => trackOf(pod) === track);
    const runsHere = server.spec.source?.url === undefined;
    return {
      workload: runsHere
        ? { deployment: find('Deployment', 'stable'), service: find('Service', 'stable'), pods: podsAt('stable') }
        : undefined,
      canary:
        server.spec.rollout?.strategy === 'Canary'
          ? {
              deployment: find('Deployment', 'canary'),
              pods: podsAt('canary'),
              conflict: world.names.canaryConflict(server),
            }
          : undefined,
      ingress: {
        kind: settings.ingress.kind,
        object: find(settings.ingress.kind === 'httproute' ? 'HTTPRoute' : 'Ingress'),
      },
      certificate: find('Certificate'),
      policy: options.policies.state(key),
      served: options.revisions.served(key),
      endpoint: endpointOf(server, settings),
      activity: options.sleeping.activityOf(server),
      blocked,
      now: new Date(options.clock()).toISOString().replace(/\.\d+Z$/, 'Z'),
    };
  }

  async function writeStatus(server: MCPServer, from: Seen & Pick<ClusterObserved, 'shakenHands'>): Promise<void> {
    const seen = world.server(keyOf(server)) ?? server;
    const current = newest(seen);
    const observed = { ...from, rollout: trialNow(current, from) };
    const next = clusterStatusOf(current, observed);
    const status = shouldStand(current, next, observed) ? withRollout(current.status, observed.rollout) : next;
    if (saysTheSame(current.status, status)) return;
    for (const news of newsOf(current.status, status)) options.recorder.record(current, news);
    try {
      const object = await options.client.updateStatus(SERVERS, { ...current, status }, WRITER);
      written.set(keyText(keyOf(server)), { seen: seen.metadata.resourceVersion, object });
      options.onStatusWritten(current.status, status);
    } catch (error) {
      // Deleted meanwhile.
      if (asAppError(error).code !== 'not_found') throw error;
    }
  }

  /** While nothing is done for a server, its trial stands as it did. */
  function trialNow(
    server: MCPServer,
    { canary, blocked, shakenHands }: Seen & Pick<ClusterObserved, 'shakenHands'>,
  ): RolloutStatus | undefined {
    if (blocked !== undefined) return server.status?.rollout;
    const { deployment, pods = [], conflict } = canary ?? {};
    return options.rollouts.next(server, { deployment, pods, conflict, stable: shakenHands });
  }

  /** What was written last, as long as it is not seen yet: writing over what was seen before it would be a conflict. */
  function newest(seen: MCPServer): MCPServer {
    const last = written.get(keyText(keyOf(seen)));
    return last !== undefined && last.seen === seen.metadata.resourceVersion ? last.object : seen;
  }

  return { reconcile };
}

/** What is known before it is asked how its trial and its handshake went. */
type Seen = Omit<ClusterObserved, 'shakenHands' | 'rollout'>;

function withRollout(status: MCPServerStatus | undefined, rollout: RolloutStatus | undefined): MCPServerStatus {
  const { rollout: _, ...rest } = status ?? {};
  return rollout === undefined ? rest : { ...rest, rollout };
}

/** Names what a handshake would be made with; undefined while there is nothing to shake hands with. */
function probeId({ workload, policy, blocked, activity }: Seen): string | undefined {
  if (activity === 'asleep') return undefined;
  if (blocked !== undefined || policy?.revision === undefined) return undefined;
  if (workload === undefined) return 'remote';
  if (workloadVerdict(workload.deployment, workload.pods).status !== 'True') return undefined;
  const ready = workload.pods.filter(isReadyPod).map((pod) => `${pod.metadata.uid ?? ''} ${restartsOf(pod)}`);
  return ready.toSorted().join();
}

/** What pods need comes before the pods: their account, and what keeps others away from them. */
const LAST: readonly string[] = ['Service', 'Deployment', 'PodDisruptionBudget', 'Ingress', 'HTTPRoute'];

function inOrder<T extends { readonly kind: string }>(objects: readonly T[]): readonly T[] {
  return objects.toSorted((a, b) => LAST.indexOf(a.kind) - LAST.indexOf(b.kind));
}

function trackOf({ metadata }: KubeObject): string | undefined {
  return metadata.labels?.[LABELS.rolloutTrack];
}

const NOT_OURS = 'is there already and belongs to no MCPServer; rename the server, or remove the other';

/** What several servers share has no label of one. */
function isOfServer({ metadata }: DesiredObject): boolean {
  return metadata.labels[LABELS.server] !== undefined;
}

function blockedBy({ code, message, next }: AppError): Blocked {
  return { reason: toConditionReason(code), message: next === undefined ? message : `${message}; ${next}` };
}
