import { type AuditEvent, type AuditPayload, EVENT_TYPES } from '@mcp-runtime/api';
import { type DecisionText, decisionText } from '@mcp-runtime/policy';
import { type AuditSink } from './audit.ts';
import { type Exchange, type Verdict } from '../exchange.ts';

export interface Ending {
  /** HTTP status given to the caller. */
  readonly status: number;
  readonly outcome: AuditPayload['outcome'];
}

/** The audit event of an exchange at the moment of its answer. */
export function eventOf(exchange: Exchange, ending: Ending, redact: AuditSink['redact']): AuditEvent {
  const { requestId, route, now } = exchange;
  const trace = traceIdOf(exchange);
  return {
    id: requestId,
    timestamp: new Date(now).toISOString(),
    ...(trace === undefined ? {} : { trace_id: trace }),
    source: route.eventSource,
    event_type: EVENT_TYPES.request,
    payload: payloadOf(exchange, ending, redact),
  };
}

function payloadOf(exchange: Exchange, { status, outcome }: Ending, redact: AuditSink['redact']): AuditPayload {
  const { requestId, request, route, policy, caller, verb, body, bytesOut } = exchange;
  const { human, agent, team, session } = caller.identity;
  return {
    request_id: requestId,
    method: verb,
    path: route.path,
    status,
    latency_ms: Math.round((performance.now() - exchange.startedAt) * 1000) / 1000,
    bytes_in: body.length || contentLength(request.headers['content-length']),
    bytes_out: bytesOut,
    server: route.key.name,
    namespace: route.key.namespace,
    cluster: policy?.server.cluster ?? '',
    team_id: policy?.server.team ?? '',
    human_id: human,
    agent_id: agent,
    subject_team_id: team,
    session_id: session,
    identity_source: caller.source,
    ...verdictFields(exchange.verdict),
    policy_version: policyVersion(exchange),
    policy_revision: policy?.revision ?? '',
    outcome,
    ...messageFields(exchange),
    ...argumentFields(exchange, redact),
  };
}

type VerdictFields = Pick<AuditPayload, 'decision' | 'reason'> & Partial<AuditPayload>;

function verdictFields(verdict: Verdict | undefined): VerdictFields {
  if (verdict === undefined) return { decision: 'deny', reason: 'undecided' };
  if (verdict.by === 'check') return { decision: 'deny', reason: verdict.reason };
  const { decision } = verdict;
  const shadow = decision.allowed ? decision.shadow : undefined;
  return {
    decision: decision.allowed ? 'allow' : 'deny',
    reason: decision.reason,
    ...matched(decisionText(decision)),
    ...(shadow === undefined ? {} : { would_decide: shadow.allowed ? 'allow' : 'deny', would_reason: shadow.reason }),
  };
}

const MATCHED = [
  'matched_grant',
  'matched_grant_namespace',
  'matched_session',
  'matched_session_namespace',
  'required_trust',
  'required_side_effect',
  'risk_level',
  'admin_trust',
  'consented_trust',
  'effective_trust',
] as const;

function matched(text: DecisionText): Partial<AuditPayload> {
  const fields: Partial<Record<(typeof MATCHED)[number], string>> = {};
  for (const name of MATCHED) if (text[name] !== '') fields[name] = text[name];
  return fields;
}

function policyVersion({ verdict, policy }: Exchange): string {
  const decided = verdict?.by === 'policy' ? verdict.decision.policyVersion : '';
  return decided === '' ? (policy?.policyVersion ?? '') : decided;
}

function messageFields({ message, target }: Exchange): Partial<AuditPayload> {
  if (message === undefined) return {};
  if (message.kind === 'response') return { rpc_id: idText(message.id) };
  return {
    rpc_method: message.method,
    ...(message.kind === 'request' ? { rpc_id: idText(message.id) } : {}),
    ...(target?.kind === 'tool' ? { tool_name: bounded(target.name) } : {}),
    ...(target?.kind === 'prompt' ? { prompt_name: bounded(target.name) } : {}),
    ...(target?.kind === 'resource' || target?.kind === 'template' ? { resource_uri: bounded(target.uri) } : {}),
    ...(target?.kind === 'task' && target.tool !== '' ? { tool_name: bounded(target.tool) } : {}),
    ...(target?.kind === 'subscription' ? { resource_uri: bounded(target.uris.join(' ')) } : {}),
  };
}

function argumentFields({ route, message, target }: Exchange, redact: AuditSink['redact']): Partial<AuditPayload> {
  if (route.audit.arguments === 'none' || message === undefined || message.kind === 'response') return {};
  const given = message.params['arguments'];
  return target?.kind === 'tool' && given !== undefined ? { arguments: redact(given) } : {};
}

const MAX_TEXT = 4096;

function bounded(text: string): string {
  return text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text;
}

function idText(id: string | number): string {
  return bounded(String(id));
}

function contentLength(value: string | undefined): number {
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : 0;
}

/** W3C Trace Context §3.2: version, trace id, parent id, flags. */
const TRACEPARENT = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

function traceIdOf({ request, span }: Exchange): string | undefined {
  if (span !== undefined) return span.traceId;
  const value = request.headers['traceparent'];
  return typeof value === 'string' ? TRACEPARENT.exec(value)?.[1] : undefined;
}
