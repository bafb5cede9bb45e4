// the port
export {
  type Applied,
  type ApplyOptions,
  type DeleteOptions,
  type KubeObject,
  type ListOptions,
  type ObjectList,
  type Refused,
  type ResourceClient,
  type ResourceStore,
  type ResourceType,
  type Selection,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
} from './port.ts';

// kinds of Kubernetes itself
export {
  AUTOSCALERS,
  CERTIFICATES,
  CONFIG_MAPS,
  type ConfigMap,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  EVENTS,
  type EndpointSlice,
  HTTP_ROUTES,
  INGRESSES,
  INGRESS_ROUTES_TCP,
  LEASES,
  LIMIT_RANGES,
  NAMESPACES,
  NETWORK_POLICIES,
  PODS,
  POD_DISRUPTION_BUDGETS,
  RESOURCE_QUOTAS,
  ROLES,
  ROLE_BINDINGS,
  SECRETS,
  SERVICES,
  SERVICE_ACCOUNTS,
  type Secret,
  VALIDATING_WEBHOOKS,
  type ValidatingWebhooks,
} from './builtin.ts';

// implementations
export { openMemoryStore } from './memory.ts';
export { openSqliteStore } from './sqlite.ts';

// reading along
export { type StateChange, type StateView, type WatchStateOptions, watchState } from './watch-state.ts';

// leading
export { type LeaderClock, type LeaderOptions, type LeaderTimes, startCandidate } from './leader.ts';
