import {
  type Condition,
  type MCPServer,
  type MCPServerStatus,
  type RolloutStatus,
  type Source,
  declaredSource,
  sourceText,
} from '@mcp-runtime/api';
import { type KubeObject } from '@mcp-runtime/kube';
import { type Blocked, type Verdict, conditionOf, no, yes } from '../../conditions.ts';
import { type ShakenHands, handshakeStatus, handshakeVerdict } from '../../handshake-status.ts';
import { type PolicyState } from '../engine/policies.ts';
import { type ServedNow } from '../engine/revisions.ts';
import { versionsOf } from '../rollout/versions.ts';
import { type Activity } from '../sleep/sleeping.ts';
import { withCertificate } from './certificate.ts';
import { restartsOf } from './pod-trouble.ts';
import { gatewayVerdict, ingressVerdict, serviceVerdict } from './reach.ts';
import { workloadVerdict } from './workload.ts';

/** What is known about a server in a cluster when its status is written. */
export interface ClusterObserved {
  /** Undefined for a server that runs elsewhere. */
  readonly workload:
    | {
        readonly deployment: KubeObject | undefined;
        readonly service: KubeObject | undefined;
        readonly pods: readonly KubeObject[];
      }
    | undefined;
  /** What cert-manager issues its gateway, where it does. */
  readonly certificate: KubeObject | undefined;
  /** Of a rollout with a canary. */
  readonly canary:
    | {
        readonly deployment: KubeObject | undefined;
        readonly pods: readonly KubeObject[];
        /** Why there cannot be one. */
        readonly conflict: Blocked | undefined;
      }
    | undefined;
  /** Of a version on trial. */
  readonly rollout: RolloutStatus | undefined;
  readonly ingress: { readonly kind: 'ingress' | 'httproute' | 'none'; readonly object: KubeObject | undefined };
  readonly policy: PolicyState | undefined;
  readonly served: ServedNow;
  readonly shakenHands: ShakenHands;
  readonly activity: Activity;
  /** Where clients reach it. */
  readonly endpoint: string;
  /** Why nothing is done for it. */
  readonly blocked: Blocked | undefined;
  /** RFC 3339. */
  readonly now: string;
}

/** Pure: the same observations give the same status. */
export function clusterStatusOf(server: MCPServer, observed: ClusterObserved): MCPServerStatus {
  const { policy, shakenHands, canary, endpoint, activity } = observed;
  const verdicts = verdictsOf(observed);
  const ready = readyVerdict(verdicts, observed);
  const conditions = { ...verdicts, Ready: ready };
  const restarts = (observed.workload?.pods ?? []).reduce((sum, pod) => sum + restartsOf(pod), 0);
  const revision = policy?.revision;
  return {
    observedGeneration: server.metadata.generation ?? 1,
    phase: phaseOf(server, observed, ready),
    message: ready.message,
    conditions: Object.entries(conditions).flatMap(([type, verdict]): Condition[] =>
      verdict === undefined ? [] : [conditionOf(server, type, verdict, observed.now)],
    ),
    endpoint,
    ...(revision === undefined ? {} : { policyRevision: revision }),
    source: sourceText(sourceInUse(server)),
    ...(activity === 'awake' || shakenHands !== undefined ? handshakeStatus(server, shakenHands) : toldBefore(server)),
    ...(restarts === 0 ? {} : { restarts }),
    deploymentReady: isTrue(verdicts.WorkloadReady),
    serviceReady: isTrue(verdicts.ServiceReady),
    ingressReady: isTrue(verdicts.IngressReady),
    gatewayReady: isTrue(verdicts.GatewayReady),
    policyReady: isTrue(verdicts.PolicyReady),
    ...(observed.rollout === undefined ? {} : { rollout: observed.rollout }),
    canaryReady: canary !== undefined && isTrue(verdicts.CanaryReady),
  };
}

interface Verdicts {
  readonly WorkloadReady: Verdict;
  readonly CanaryReady: Verdict | undefined;
  readonly ServiceReady: Verdict;
  readonly IngressReady: Verdict;
  readonly PolicyReady: Verdict;
  readonly GatewayReady: Verdict;
}

function verdictsOf(observed: ClusterObserved): Verdicts {
  const { workload, canary, rollout, ingress, policy, served, blocked, activity } = observed;
  const elsewhere = yes('Remote', 'the server runs elsewhere, at its `source.url`');
  return {
    WorkloadReady:
      blocked !== undefined
        ? no(blocked.reason, blocked.message)
        : workload === undefined
          ? elsewhere
          : sleepVerdict(
              withCertificate(workloadVerdict(workload.deployment, workload.pods), observed.certificate),
              activity,
            ),
    CanaryReady: canary === undefined ? undefined : canaryVerdict(canary, rollout),
    ServiceReady: workload === undefined ? elsewhere : serviceVerdict(workload.service),
    IngressReady: ingressVerdict(ingress.object, ingress.kind),
    PolicyReady: policyVerdict(policy),
    GatewayReady: gatewayVerdict(served, policy?.revision),
  };
}

function canaryVerdict(
  { deployment, pods, conflict }: NonNullable<ClusterObserved['canary']>,
  rollout: RolloutStatus | undefined,
): Verdict {
  if (conflict !== undefined) return no(conflict.reason, conflict.message);
  if (rollout?.phase === 'Promoted') return yes('Promoted', `${rollout.source} is in use; ${rollout.message}`);
  if (rollout?.phase === 'RolledBack') return no('RolledBack', `${rollout.reason}: ${rollout.message}`);
  const workload = workloadVerdict(deployment, pods);
  return rollout === undefined || workload.status !== 'True' ? workload : yes(rollout.reason, rollout.message);
}

function sourceInUse(server: MCPServer): Source {
  const [inUse] = versionsOf(server, 'free');
  return inUse?.source ?? declaredSource(server.spec);
}

function policyVerdict(policy: PolicyState | undefined): Verdict {
  if (policy === undefined) return no('PolicyPending', 'no policy has been published yet');
  if (policy.refused !== undefined) return no(policy.refused.reason, policy.refused.message);
  return yes('PolicyPublished', `revision ${policy.revision} is published`);
}

/** An ingress is left out: a server that nobody outside reaches yet does answer through the gateway. */
function readyVerdict(verdicts: Verdicts, { shakenHands, activity }: ClusterObserved): Verdict {
  const { WorkloadReady, ServiceReady, PolicyReady, GatewayReady } = verdicts;
  const handshake = activity === 'awake' || shakenHands !== undefined ? handshakeVerdict(shakenHands) : WorkloadReady;
  const parts = [WorkloadReady, ServiceReady, PolicyReady, GatewayReady, handshake];
  if (activity !== 'awake') return parts.find(({ status }) => status !== 'True') ?? WorkloadReady;
  return parts.find(({ status }) => status !== 'True') ?? yes('Ready', 'the server answers through the gateway');
}

/** A server that sleeps is ready: its lists are answered, and calls wait for it. So it is while it wakes without trouble. */
function sleepVerdict(workload: Verdict, activity: Activity): Verdict {
  if (activity === 'asleep') return yes('Asleep', 'the server sleeps: no call came, and the next one starts it');
  if (activity === 'awake' || !WAKING.has(workload.reason)) return workload;
  return yes('Waking', 'a call waits for the server, which is starting');
}

const WAKING: ReadonlySet<string> = new Set(['Available', 'Creating', 'Progressing', 'Stopped']);

/** A server that sleeps is as it was when it last told. */
function toldBefore({ status }: MCPServer): ReturnType<typeof handshakeStatus> {
  const { protocolVersion, serverInfo, tools, missingTools } = status ?? {};
  return {
    ...(protocolVersion === undefined ? {} : { protocolVersion }),
    ...(serverInfo === undefined ? {} : { serverInfo }),
    ...(tools === undefined ? {} : { tools }),
    ...(missingTools === undefined ? {} : { missingTools }),
  };
}

/** Reasons that only say that something is on its way. */
const ON_ITS_WAY: ReadonlySet<string> = new Set([
  'AddressPending',
  'Asking',
  'Creating',
  'PolicyPending',
  'Probing',
  'Progressing',
  'Propagating',
]);

function phaseOf(server: MCPServer, { blocked, policy, activity }: ClusterObserved, ready: Verdict): string {
  if (ready.status === 'True') return activity === 'asleep' ? 'Asleep' : 'Ready';
  if (blocked !== undefined || policy?.refused !== undefined) return 'Error';
  if (server.spec.replicas === 0) return 'Stopped';
  const before = readyOf(server.status);
  const wasReady = before?.status === 'True' || server.status?.phase === 'Degraded';
  return wasReady && !ON_ITS_WAY.has(ready.reason) ? 'Degraded' : 'Pending';
}

/** Reasons for which it is only not known, or not for a moment, whether a server is ready. */
const NOT_KNOWN: ReadonlySet<string> = new Set(['Asking', 'PolicyPending', 'Probing']);

/**
 * Whether what was said before should stand for now: the server was ready as it is asked for, and nothing says that it is not.
 * So neither a restart of the operator nor a change of a policy makes a server that goes on working look as if it did not.
 */
export function shouldStand(
  server: MCPServer,
  next: MCPServerStatus,
  { served }: Pick<ClusterObserved, 'served'>,
): boolean {
  const before = readyOf(server.status);
  const after = readyOf(next);
  if (before?.status !== 'True' || before.observedGeneration !== server.metadata.generation) return false;
  if (after === undefined || after.status === 'True') return false;
  return NOT_KNOWN.has(after.reason) || (after.reason === 'Propagating' && served.state === 'settling');
}

function readyOf(status: MCPServerStatus | undefined): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === 'Ready');
}

function isTrue(verdict: Verdict | undefined): boolean {
  return verdict?.status === 'True';
}
