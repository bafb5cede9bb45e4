import { type AuditPayload } from '@mcp-runtime/api';
import { type RequestSpan } from '@mcp-runtime/base';

/** Names come from callers, of any length. */
const MAX_NAME = 200;

/** Ends a span with what was decided. Names of attributes are those of OpenTelemetry where it has some. */
export function endSpan(span: RequestSpan, payload: AuditPayload): void {
  const { request_id, namespace, server, method, rpc_method, tool_name, decision, reason, outcome, status } = payload;
  span.end(outcome === 'upstream_error' || reason === 'internal' ? 'error' : 'ok', {
    'http.request.method': method,
    'http.response.status_code': status,
    'mcp_runtime.request_id': request_id,
    'mcp_runtime.server': `${namespace}/${server}`,
    'mcp_runtime.decision': decision,
    'mcp_runtime.reason': reason,
    'mcp_runtime.outcome': outcome,
    ...(rpc_method === undefined ? {} : { 'mcp.method.name': rpc_method.slice(0, MAX_NAME) }),
    ...(tool_name === undefined ? {} : { 'gen_ai.tool.name': tool_name.slice(0, MAX_NAME) }),
  });
}
