import { type AuditPayload } from '@mcp-runtime/api';
import { type Logger } from '@mcp-runtime/base';

/** One line for a refusal or a failure, none for a call that went well. Who and what, never with what. */
export function logEnding(payload: AuditPayload, log: Logger): void {
  const { decision, outcome, reason } = payload;
  // A fault of ours has been logged with its cause.
  if (reason === 'internal') return;
  if (decision === 'deny') log.info('a call was refused', factsOf(payload));
  else if (outcome === 'upstream_error') log.warn('an MCP server failed', factsOf(payload));
}

/** Names come from callers, of any length. */
const MAX_NAME = 200;

function factsOf(payload: AuditPayload): Readonly<Record<string, unknown>> {
  const { request_id, namespace, server, method, rpc_method, reason, status, human_id, agent_id, latency_ms } = payload;
  const called = payload.tool_name ?? payload.prompt_name ?? payload.resource_uri;
  return {
    requestId: request_id,
    server: `${namespace}/${server}`,
    method,
    ...(rpc_method === undefined ? {} : { rpcMethod: rpc_method.slice(0, MAX_NAME) }),
    ...(called === undefined ? {} : { called: called.slice(0, MAX_NAME) }),
    reason,
    status,
    human: human_id.slice(0, MAX_NAME),
    agent: agent_id.slice(0, MAX_NAME),
    ms: latency_ms,
  };
}
