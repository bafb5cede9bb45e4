import {
  type Condition,
  type MCPServer,
  type MCPServerStatus,
  toConditionReason,
  declaredSource,
  sourceText,
} from '@mcp-runtime/api';
import { type AppError } from '@mcp-runtime/api';
import { type HostState } from './host/index.ts';
import { inventoryOf, missingTools } from './inventory.ts';
import { type Handshake } from './ports.ts';

/** What is known about a server when its status is written. */
export interface Observed {
  readonly state: HostState | undefined;
  readonly shakenHands:
    | { readonly ok: true; readonly handshake: Handshake }
    | { readonly ok: false; readonly error: AppError }
    | undefined;
  readonly revision: string | undefined;
  readonly endpoint: string;
  /** Why it is not run at all, such as a path that another server has. */
  readonly blocked: { readonly reason: string; readonly message: string } | undefined;
  /** RFC 3339. */
  readonly now: string;
}

type Verdict = Pick<Condition, 'status' | 'reason' | 'message'>;
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
  const handshake = shakenHands?.ok === true ? shakenHands.handshake : undefined;
  const missing = handshake === undefined ? [] : missingTools(server, handshake.tools);
  const condition = (type: string, verdict: Verdict): Condition => conditionOf(server, type, verdict, observed.now);
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
    ...(handshake === undefined
      ? {}
      : { protocolVersion: handshake.protocolVersion, serverInfo: { ...handshake.serverInfo } }),
    source: sourceText(declaredSource(server.spec)),
    ...(handshake === undefined ? {} : { tools: [...inventoryOf(server, handshake.tools)] }),
    ...(missing.length === 0 ? {} : { missingTools: [...missing] }),
    ...(state?.phase === 'running' || state?.phase === 'backing-off' ? { restarts: state.restarts } : {}),
    deploymentReady: workload.status === 'True',
    policyReady: policy.status === 'True',
    gatewayReady: ready.status === 'True',
  };
}

/** Whether a new status says something else than the old one. */
export function saysTheSame(before: MCPServerStatus | undefined, after: Status): boolean {
  return before !== undefined && canonical(before) === canonical(after);
}

function canonical(status: Status): string {
  return JSON.stringify(status, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
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

function gatewayVerdict(workload: Verdict, shakenHands: Observed['shakenHands']): Verdict {
  if (workload.status !== 'True') return no('WorkloadNotReady', 'there is nothing to route to yet');
  if (shakenHands === undefined) return no('Probing', 'the handshake through the gateway is under way');
  if (!shakenHands.ok) return no(toConditionReason(shakenHands.error.code), shakenHands.error.message);
  return yes('HandshakeSucceeded', 'an MCP handshake through the gateway succeeded');
}

function readyVerdict(workload: Verdict, policy: Verdict, shakenHands: Observed['shakenHands']): Verdict {
  const failing = [workload, policy, gatewayVerdict(workload, shakenHands)].find(({ status }) => status !== 'True');
  return failing ?? yes('Ready', 'the server answers through the gateway');
}

function phaseOf(ready: Verdict, state: HostState | undefined): string {
  if (ready.status === 'True') return 'Ready';
  if (state?.phase === 'failed') return 'Error';
  return state?.phase === 'backing-off' ? 'Degraded' : 'Pending';
}

function conditionOf(server: MCPServer, type: string, verdict: Verdict, now: string): Condition {
  const before = server.status?.conditions?.find((condition) => condition.type === type);
  const lastTransitionTime = before?.status === verdict.status ? before.lastTransitionTime : now;
  return { type, ...verdict, observedGeneration: server.metadata.generation ?? 1, lastTransitionTime };
}

const MAX_MESSAGE = 1024;

function yes(reason: string, message: string): Verdict {
  return { status: 'True', reason, message };
}

function no(reason: string, message: string): Verdict {
  return { status: 'False', reason, message: message.slice(0, MAX_MESSAGE) };
}

function withNext(message: string, next: string | undefined): string {
  return next === undefined ? message : `${message}; ${next}`;
}
