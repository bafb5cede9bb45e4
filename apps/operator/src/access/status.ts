import {
  ANONYMOUS,
  type AccessPhase,
  type AccessStatus,
  type Condition,
  type MCPAccessGrant,
  type MCPAgentSession,
  type MCPServer,
  type ObjectKey,
  keyText,
  resolveServer,
} from '@mcp-runtime/api';
import { conditionFaults, isAdmitted, parseInstant } from '@mcp-runtime/policy';

export type AccessObject = MCPAccessGrant | MCPAgentSession;

/** What a status is decided from beside the object. */
export interface AccessView {
  server(key: ObjectKey): MCPServer | undefined;
}

export interface AccessDecision {
  readonly status: AccessStatus;
  /** Milliseconds since the epoch: when time alone makes another status of it. Undefined when it never does. */
  readonly recheckAt: number | undefined;
}

type Verdict = Pick<Condition, 'status' | 'reason' | 'message'>;
type Flaw = { readonly reason: AccessPhase; readonly message: string };

/** Pure: how a grant or session stands, as policies see it. `now` in milliseconds since the epoch. */
export function accessStatus(object: AccessObject, view: AccessView, now: number): AccessDecision {
  const key = serverKeyOf(object);
  const server = view.server(key);
  const unresolved = refFlaw(object, key, server);
  const counted = unresolved === undefined ? server : undefined;
  const nobody = subjectFlaw(object, counted);
  const flaw = endFlaw(object, now) ?? unresolved ?? nobody ?? beginFlaw(object, now);
  const active = flaw === undefined ? yes('Active', `counts for calls to \`${keyText(key)}\``) : no(flaw);
  const fault = ruleFlaw(object, counted);
  const shown = flaw ?? fault ?? { reason: 'Active' as const, message: active.message };
  const condition = (type: string, verdict: Verdict): Condition => conditionOf(object, type, verdict, now);
  return {
    status: {
      observedGeneration: object.metadata.generation ?? 1,
      phase: shown.reason,
      message: shown.message,
      conditions: [
        condition('Active', active),
        condition(
          'ResolvedRefs',
          unresolved === undefined ? yes('ResolvedRefs', 'its server counts it') : no(unresolved),
        ),
        condition('Accepted', acceptedVerdict(nobody ?? fault, counted)),
      ],
    },
    recheckAt: nextBoundary(object, now),
  };
}

/** The server that a grant or session names. */
export function serverKeyOf({ metadata, spec }: AccessObject): ObjectKey {
  return { namespace: spec.serverRef.namespace ?? metadata.namespace, name: spec.serverRef.name };
}

/** Milliseconds since the epoch; `-Infinity` for what is no instant: it has ended, as it has for policies. */
export function endOf({ kind, spec }: AccessObject): number | undefined {
  if (spec.expiresAt === undefined) return undefined;
  const end = parseInstant(spec.expiresAt) ?? Number.NEGATIVE_INFINITY;
  // Policy documents name the end of a session without a fraction.
  return kind === 'MCPAgentSession' ? Math.floor(end / 1000) * 1000 : end;
}

/** Whether a status says something else than before; times alone say nothing. */
export function saysTheSame(before: AccessStatus | undefined, after: AccessStatus): boolean {
  return before !== undefined && textOf(before) === textOf(after);
}

function textOf({ observedGeneration, phase, message, conditions = [] }: AccessStatus): string {
  const told = conditions.map((one) => [one.type, one.status, one.reason, one.message, one.observedGeneration]);
  return JSON.stringify([observedGeneration, phase, message, told]);
}

/** What ends it for good comes first: a revoked session is that, whatever else is wrong with it. */
function endFlaw(object: AccessObject, now: number): Flaw | undefined {
  if (object.kind === 'MCPAgentSession' && object.spec.revoked)
    return { reason: 'Revoked', message: '`spec.revoked` is true' };
  if (object.kind === 'MCPAccessGrant' && object.spec.disabled)
    return { reason: 'Disabled', message: '`spec.disabled` is true' };
  const end = endOf(object);
  if (end === undefined || now <= end) return undefined;
  return { reason: 'Expired', message: `ended at \`${object.spec.expiresAt ?? ''}\`` };
}

/** A server of another namespace is not admitted whether it is there or not: its existence is no news for strangers. */
function refFlaw(object: AccessObject, key: ObjectKey, server: MCPServer | undefined): Flaw | undefined {
  const own = object.metadata.namespace;
  if (key.namespace === own) {
    if (server !== undefined) return undefined;
    return { reason: 'ServerNotFound', message: `there is no MCPServer \`${keyText(key)}\`` };
  }
  if (server !== undefined && isAdmitted(object, server)) return undefined;
  return {
    reason: 'NotAdmitted',
    message: `there is no MCPServer \`${keyText(key)}\` that admits namespace \`${own}\`: its owner would name it in \`spec.access.namespaces\``,
  };
}

function subjectFlaw({ spec }: AccessObject, server: MCPServer | undefined): Flaw | undefined {
  const { humanID = '', agentID = '', teamID = '' } = spec.subject;
  if (humanID === '' && agentID === '' && teamID === '')
    return { reason: 'SubjectMatchesNobody', message: '`spec.subject` names no human, no agent and no team' };
  const mode = server === undefined ? 'none' : resolveServer(server).auth.mode;
  if (humanID !== ANONYMOUS || mode === 'none') return undefined;
  return {
    reason: 'SubjectMatchesNobody',
    message: `nobody is \`${ANONYMOUS}\` at a server with \`spec.auth.mode\` \`${mode}\`; it would have to be \`none\``,
  };
}

function beginFlaw(object: AccessObject, now: number): Flaw | undefined {
  const begin = beginOf(object);
  if (begin === undefined || now >= begin) return undefined;
  return {
    reason: 'NotYetValid',
    message: `\`spec.notBefore\` is \`${object.kind === 'MCPAccessGrant' ? object.spec.notBefore : ''}\``,
  };
}

function beginOf(object: AccessObject): number | undefined {
  if (object.kind !== 'MCPAccessGrant' || object.spec.notBefore === undefined) return undefined;
  return parseInstant(object.spec.notBefore) ?? Number.POSITIVE_INFINITY;
}

function ruleFlaw(object: AccessObject, server: MCPServer | undefined): Flaw | undefined {
  if (object.kind !== 'MCPAccessGrant' || server === undefined) return undefined;
  const faults = conditionFaults(object, server);
  return faults.length === 0 ? undefined : { reason: 'ConditionFault', message: bounded(faults.join('; ')) };
}

function acceptedVerdict(flaw: Flaw | undefined, server: MCPServer | undefined): Verdict {
  if (flaw !== undefined) return no(flaw);
  if (server === undefined)
    return { status: 'Unknown', reason: 'ServerNotResolved', message: 'rules are read with the tools of the server' };
  return yes('Accepted', 'its rules can be followed');
}

/** The end itself still counts. */
function nextBoundary(object: AccessObject, now: number): number | undefined {
  const end = endOf(object);
  const boundaries = [beginOf(object) ?? now, end === undefined ? now : end + 1];
  const ahead = boundaries.filter((at) => at > now && Number.isFinite(at));
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}

function conditionOf(object: AccessObject, type: string, verdict: Verdict, now: number): Condition {
  const before = object.status?.conditions?.find((condition) => condition.type === type);
  const lastTransitionTime =
    before?.status === verdict.status ? before.lastTransitionTime : new Date(now).toISOString();
  return { type, ...verdict, observedGeneration: object.metadata.generation ?? 1, lastTransitionTime };
}

function yes(reason: string, message: string): Verdict {
  return { status: 'True', reason, message };
}

function no({ reason, message }: Flaw): Verdict {
  return { status: 'False', reason, message };
}

const MAX_MESSAGE = 1024;

function bounded(text: string): string {
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE - 1)}…`;
}
