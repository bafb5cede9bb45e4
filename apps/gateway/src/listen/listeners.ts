import { type RequestListener } from 'node:http';
import { type HostPolicy, type OpenedSoFar, isAllowedHost } from '@mcp-runtime/base';
import { handle } from '../handle.ts';
import { type GatewayOptions } from '../options.ts';
import { type GatewayParts } from '../parts.ts';
import { type Refusal } from '../record/refusals.ts';
import { pathOf } from '../request-facts.ts';
import { type TlsListeners } from '../tls/open-tls.ts';
import { type AdminParts, serveAdmin } from './admin.ts';
import { hostPolicyOf } from './external-url.ts';
import { type Listening, openListener } from './listener.ts';
import { refuseUnrouted } from './unrouted.ts';

interface ListenerParts {
  readonly parts: GatewayParts;
  readonly admin: AdminParts;
  readonly tls: TlsListeners | undefined;
  readonly requestTimeoutMs: number;
  /** Has each listener as soon as it is open. */
  readonly opened: OpenedSoFar;
  /** Told the URL of the first before any other is open. */
  readonly onMain: (url: string) => void;
}

interface Listeners {
  readonly main: Listening;
  /** For probes and metrics, where they are not served by `main`. */
  readonly beside: Listening | undefined;
  readonly probe: Listening | undefined;
  readonly trusted: Listening | undefined;
}

const ADMIN_PATHS: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics', '/config/status', '/activity']);
const LOOPBACK_HOSTS: HostPolicy = { allowedHosts: [], allowedOrigins: [], scope: 'loopback' };

/** Opens the listeners that the options name. Rejects with `port_in_use` or `invalid_config`. */
export async function openListeners(
  options: GatewayOptions,
  { parts, admin, tls, requestTimeoutMs, opened, onMain }: ListenerParts,
): Promise<Listeners> {
  const { listen, adminListen, probeListen, trustedListen } = options;
  const listening = {
    requestTimeoutMs,
    onRefused: (refusal: Refusal) => {
      parts.metrics.unrouted.inc({ reason: refusal.reason });
      void parts.refusals.record(refusal);
    },
  };
  const open = async (...args: Parameters<typeof openListener>): Promise<Listening> => {
    const listener = await openListener(...args);
    opened.add(() => listener.close());
    return listener;
  };
  const serve = serveRoutes(parts);
  const main = await open(adminListen === undefined ? serveBoth(serve, admin, parts) : serve, listen, {
    ...listening,
    tls,
  });
  onMain(main.url);
  const beside = adminListen && (await open(serveAdminOr(refuseAll(parts), admin, parts), adminListen, listening));
  const probes: GatewayParts = { ...parts, serves: 'probes', hosts: LOOPBACK_HOSTS };
  const probe = probeListen && (await open(serveRoutes(probes), probeListen, listening));
  const vouched: GatewayParts = {
    ...parts,
    hops: { ...parts.hops, mayVouch: () => true },
    hosts: hostPolicyOf({ ...options, listen: trustedListen ?? listen }),
  };
  const trusted = trustedListen && (await open(serveRoutes(vouched), trustedListen, listening));
  return { main, beside, probe, trusted };
}

function serveRoutes(parts: GatewayParts): RequestListener {
  return (request, response) => void handle(request, response, parts);
}

function refuseAll(parts: GatewayParts): RequestListener {
  return (request, response) =>
    void refuseUnrouted({ request, response, path: pathOf(request) }, { reason: 'not_found' }, parts);
}

/** Where only this machine is served, a page that took over a name of it (DNS rebinding) is told nothing of the runtime either. */
function serveBoth(serve: RequestListener, admin: AdminParts, parts: GatewayParts): RequestListener {
  const { hosts } = parts;
  const serveAll = serveAdminOr(serve, admin, parts);
  if (hosts.scope !== 'loopback') return serveAll;
  return (request, response) => (isAllowedHost(request.headers, hosts) ? serveAll : serve)(request, response);
}

function serveAdminOr(next: RequestListener, admin: AdminParts, { log }: GatewayParts): RequestListener {
  return (request, response) => {
    if (!ADMIN_PATHS.has(pathOf(request))) next(request, response);
    else
      serveAdmin(request, response, admin).catch((error: unknown) => log.error('an admin request failed', { error }));
  };
}
