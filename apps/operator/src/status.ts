import { type MCPServer, declaredSource, sourceText, toConditionReason } from '@mcp-runtime/api';
import { type Blocked, type Verdict, conditionOf, no, yes } from './conditions.ts';
import { type ShakenHands, handshakeStatus, handshakeVerdict } from './handshake-status.ts';
import { type HostState } from './host/index.ts';

/** What is known about a server when its status is written. */
export interface Observed {
  readonly state: HostState | undefined;
  readonly shakenHands: ShakenHands;
  readonly revision: string | undefined;
  readonly endpoint: string;
  readonly blocked: Blocked | undefined;
  /** RFC 3339. */
  readonly now: string;
}

type Status = NonNullable<MCPServer['status']>;

/** Pure: the same observations give the same status; a condition keeps its time while its status stays. */
export function statusOf(server: MCPServer, observed: Observed): Status {
  const { state, shakenHands, revision, endpoint } = observed;
  const workload = workloadVerdict(observed);
  const policy: Verdict =
    revision === undefined
      ? no('PolicyPending', 'no policy has been published yet')
      : yes('PolicyPublished', `revision ${revision} is in force`);
  const ready = readyVerdict(workload, policy, shakenHands);
  const condition = (type: string, verdict: Verdict) => conditionOf(server, type, verdict, observed.now);
  return {
    observedGeneration: server.metadata.generation ?? 1,
    phase: phaseOf(ready, state),
    message: ready.message,
    conditions: [
      condition('WorkloadReady', workload),
      condition('PolicyReady', policy),
      condition('GatewayReady', gatewayVerdict(workload, shakenHands)),
      condition('Ready', ready),
    ],
    endpoint,
    ...(revision === undefined ? {} : { policyRevision: revision }),
    source: sourceText(declaredSource(server.spec)),
    ...handshakeStatus(server, shakenHands),
    ...(state?.phase === 'running' || state?.phase === 'backing-off' ? { restarts: state.restarts } : {}),
    deploymentReady: workload.status === 'True',
    policyReady: policy.status === 'True',
    gatewayReady: ready.status === 'True',
  };
}

function workloadVerdict({ state, blocked }: Observed): Verdict {
  if (blocked !== undefined) return no(blocked.reason, blocked.message);
  if (state === undefined) return no('Stopped', 'the server does not run');
  switch (state.phase) {
    case 'stopped':
      return no('Stopped', 'the server does not run');
    case 'preparing':
      return no('Preparing', state.message);
    case 'backing-off':
    case 'failed':
      return no(
        toConditionReason(state.code),
        withNext(state.message, state.phase === 'failed' ? state.next : undefined),
      );
    case 'running':
      return yes('Running', 'the server runs');
  }
}

function gatewayVerdict(workload: Verdict, shakenHands: ShakenHands): Verdict {
  if (workload.status !== 'True') return no('WorkloadNotReady', 'there is nothing to route to yet');
  return handshakeVerdict(shakenHands);
}

function readyVerdict(workload: Verdict, policy: Verdict, shakenHands: ShakenHands): Verdict {
  const failing = [workload, policy, gatewayVerdict(workload, shakenHands)].find(({ status }) => status !== 'True');
  return failing ?? yes('Ready', 'the server answers through the gateway');
}

function phaseOf(ready: Verdict, state: HostState | undefined): string {
  if (ready.status === 'True') return 'Ready';
  if (state?.phase === 'failed') return 'Error';
  return state?.phase === 'backing-off' ? 'Degraded' : 'Pending';
}

function withNext(message: string, next: string | undefined): string {
  return next === undefined ? message : `${message}; ${next}`;
}
