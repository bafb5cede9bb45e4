import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type GatewayActivity } from '@mcp-runtime/api';
import { type Metrics } from '@mcp-runtime/base/metrics';
import { type ReadinessParts, whyNotReady } from './readiness.ts';
import { type Activity } from '../sleep/activity.ts';

export interface AdminParts extends ReadinessParts {
  readonly metrics: Pick<Metrics, 'text'>;
  /** What else `/config/status` tells, such as the last fault of a policy file. */
  readonly status: () => Readonly<Record<string, unknown>>;
  readonly activity: Pick<Activity, 'report'>;
}

const MAX_WAIT_MS = 20_000;

/** Serves the paths for probes, metrics and operators. True when the path was one of them. */
export async function serveAdmin(
  request: IncomingMessage,
  response: ServerResponse,
  parts: AdminParts,
): Promise<boolean> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://admin');
  switch (pathname) {
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
    case '/activity':
      send(response, 200, 'application/json', JSON.stringify(await reportOf(searchParams, response, parts)));
      return true;
    default:
      return false;
  }
}

async function reportOf(
  query: URLSearchParams,
  response: ServerResponse,
  { activity }: AdminParts,
): Promise<GatewayActivity> {
  const left = new AbortController();
  response.once('close', () => left.abort());
  const seen = wholeNumber(query.get('seen'));
  const waitMs = Math.min(MAX_WAIT_MS, wholeNumber(query.get('wait')) ?? 0);
  return await activity.report(seen, waitMs, left.signal);
}

function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
}

function sendReady(response: ServerResponse, parts: AdminParts): void {
  const reasons = whyNotReady(parts);
  const [reason] = reasons;
  if (reason === undefined) send(response, 200, 'text/plain', 'ready');
  else send(response, 503, 'application/json', JSON.stringify({ status: 'not_ready', reason, reasons }));
}

/** Revisions only: never a grant or a session. */
function configStatus(parts: AdminParts): object {
  const { routes, status } = parts;
  const servers = routes.all().map(({ path, key, policy, endpoints }) => ({
    path,
    server: `${key.namespace}/${key.name}`,
    revision: policy.current()?.revision ?? null,
    in_force_since: timeText(policy.since()),
    ...(policy.current() === undefined ? { reason: policy.absence() } : {}),
    ...(endpoints === undefined ? {} : { tracks: endpoints.tracks() }),
  }));
  const [only] = servers.length === 1 ? servers : [];
  const reasons = whyNotReady(parts);
  return {
    ready: reasons.length === 0,
    ...(reasons.length === 0 ? {} : { not_ready: reasons }),
    ...(only === undefined ? {} : { schema_version: 'v1', revision: only.revision }),
    ...status(),
    servers,
  };
}

function timeText(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString();
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
