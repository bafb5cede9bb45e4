import { CLUSTER, type ObjectKey, keyText } from '@mcp-runtime/api';
import { systemClock } from '@mcp-runtime/base';
import {
  type DeliveryScope,
  type DeliverySource,
  openDeliveryCache,
  openDeliverySource,
  secretReader,
  workloadName,
} from '@mcp-runtime/delivery';
import { type Gateway, undeclaredIdentity } from '@mcp-runtime/gateway';
import { findClusterAccess, openKubernetesClient } from '@mcp-runtime/kube/kubernetes';
import { type DeliveredRoutes, deliveredRoutes } from './gateway-routes.ts';
import { type GatewaySource, type SourceOptions, declaredBy, secretsIn } from './gateway-source.ts';

/** The API server ends a watch after so long and says so: one that is silent for longer is dead, and another is opened. */
const WATCH = { connectionSeconds: 20, idleMs: 25_000 };
const USER_AGENT = 'mcp-runtime-gateway';
const TIMEOUT_MS = 15_000;
const PULSE_TIMEOUT_MS = 3000;

/** The servers that a cluster tells of, for as long as it can be asked whether that still holds. */
export async function openWatchSource({ config, opened, log, env }: SourceOptions): Promise<GatewaySource> {
  const { kubeconfig, policyCache, secretsDir, staleAfter: staleAfterMs } = config;
  const access = await findClusterAccess({ env, ...(kubeconfig === undefined ? {} : { kubeconfig }) });
  const client = openKubernetesClient({
    access,
    userAgent: USER_AGENT,
    timeoutMs: TIMEOUT_MS,
    watch: WATCH,
  });
  opened.add(() => client.close());
  const pulse = openKubernetesClient({ access, userAgent: USER_AGENT, timeoutMs: PULSE_TIMEOUT_MS });
  opened.add(() => pulse.close());
  const scope = scopeOf(config.watchServer, env['POD_IP']);
  const hosts = ownHosts(scope, env);
  let routes: DeliveredRoutes | undefined;
  let source: DeliverySource | undefined;

  async function attach(gateway: Gateway): Promise<string> {
    const placement = scope.placement;
    routes = deliveredRoutes({
      gateway,
      placement,
      ownHosts: hosts,
      clock: systemClock,
      log,
      onPolicy: (policy) => {
        const fault = undeclaredIdentity(policy, declaredBy(config));
        if (fault !== undefined) log.warn(fault.message, { server: keyText(keyOfDocument(policy.document)) });
      },
    });
    const cache = policyCache === undefined ? undefined : await openDeliveryCache(policyCache, log);
    source = await openDeliverySource({
      client,
      pulse,
      scope,
      sink: routes,
      cache,
      staleAfterMs,
      clock: systemClock,
      log,
    });
    opened.add(() => source?.close());
    const what = scope.placement === 'shared' ? 'servers of the cluster' : keyText(scope.server);
    return `gateway of the ${what} at ${gateway.url}`;
  }

  return {
    readSecret:
      secretsDir === undefined || scope.placement === 'shared'
        ? secretReader(client, systemClock)
        : secretsIn(secretsDir, () => scope.server.namespace),
    ownHosts: hosts,
    policySource: {
      state: () => {
        const { connected = false, lastContactAt, faults } = source?.status() ?? {};
        return { connected, lastContactAt, faults: (faults?.size ?? 0) + (routes?.refused().size ?? 0) };
      },
      hasSynced: () => source?.status().isReady === true,
    },
    status: () => statusOf(source, routes),
    attach,
  };
}

function scopeOf(server: string | undefined, address: string | undefined): DeliveryScope {
  if (server === undefined) return { placement: 'shared' };
  const [namespace = '', name = ''] = server.split('/');
  return { placement: 'sidecar', server: { namespace, name }, address };
}

function keyOfDocument({ server }: { readonly server: ObjectKey }): ObjectKey {
  return { namespace: server.namespace, name: server.name };
}

/** The names of the Service in front (Kubernetes docs, "DNS for Services and Pods"): whoever calls by one means this gateway. */
function ownHosts(scope: DeliveryScope, env: SourceOptions['env']): readonly string[] {
  const { namespace, name } =
    scope.placement === 'sidecar'
      ? { ...scope.server, name: workloadName(scope.server.name) }
      : { namespace: env['POD_NAMESPACE'] ?? CLUSTER.namespace, name: CLUSTER.gateway };
  return ['', `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.cluster.local`].map((end) => `${name}${end}`);
}

function statusOf(
  source: DeliverySource | undefined,
  routes: DeliveredRoutes | undefined,
): Readonly<Record<string, unknown>> {
  if (source === undefined || routes === undefined) return {};
  const { connected, lastContactAt, isStale, faults } = source.status();
  const told = [...faults].map(([server, { message }]) => [server, message] as const);
  return {
    policy_source: {
      connected,
      last_contact_at: lastContactAt === undefined ? null : new Date(lastContactAt).toISOString(),
      stale: isStale,
      faults: Object.fromEntries([...told, ...routes.refused()]),
    },
  };
}
