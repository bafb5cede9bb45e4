import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type Metrics } from '@mcp-runtime/base/metrics';
import { type AuditSink } from './audit.ts';
import { type RouteTable } from './route.ts';

interface AdminParts {
  readonly routes: RouteTable;
  readonly metrics: Metrics;
  readonly audit: Pick<AuditSink, 'state'>;
  /** What else `/config/status` tells, such as the last fault of a policy file. */
  readonly status: () => Readonly<Record<string, unknown>>;
}

/** Serves the paths for probes, metrics and operators. True when the path was one of them. */
export async function serveAdmin(
  request: IncomingMessage,
  response: ServerResponse,
  parts: AdminParts,
): Promise<boolean> {
  switch (request.url) {
    case '/health':
      send(response, 200, 'text/plain', 'ok');
      return true;
    case '/ready':
      sendReady(response, parts);
      return true;
    case '/metrics': {
      const { contentType, body } = await parts.metrics.text();
      send(response, 200, contentType, body);
      return true;
    }
    case '/config/status':
      send(response, 200, 'application/json', JSON.stringify(configStatus(parts)));
      return true;
    default:
      return false;
  }
}

function sendReady(response: ServerResponse, parts: AdminParts): void {
  const reason = whyNotReady(parts);
  if (reason === undefined) send(response, 200, 'text/plain', 'ready');
  else send(response, 503, 'application/json', JSON.stringify({ status: 'not_ready', reason }));
}

/** An unwritable log matters only where a server asks that nothing goes unrecorded. */
function whyNotReady({ routes, audit }: AdminParts): string | undefined {
  const all = routes.all();
  if (all.some(({ policy }) => policy.current() === undefined)) return 'policy_not_loaded';
  const isStrict = all.some((route) => route.audit.strict);
  return isStrict && audit.state() === 'unwritable' ? 'audit_unavailable' : undefined;
}

/** Revisions only: never a grant or a session. */
function configStatus({ routes, status }: AdminParts): object {
  const servers = routes.all().map(({ path, key, policy }) => ({
    path,
    server: `${key.namespace}/${key.name}`,
    revision: policy.current()?.revision ?? null,
  }));
  const [only] = servers.length === 1 ? servers : [];
  const isReady = servers.every(({ revision }) => revision !== null);
  return {
    ready: isReady,
    ...(only === undefined ? {} : { schema_version: 'v1', revision: only.revision }),
    ...status(),
    servers,
  };
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
