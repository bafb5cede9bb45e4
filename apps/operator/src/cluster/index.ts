// settings
export { OperatorSettings } from './settings.ts';

// what it may do with the API
export {
  HTTP_ROUTE_PERMISSIONS,
  INSTALLATION_PERMISSIONS,
  OPERATOR_PERMISSIONS,
  type Permission,
} from './permissions.ts';

// keys of the installation
export { openClusterKeys, publishKeys } from './keys.ts';

// what a server needs
export {
  type DesiredObject,
  type Plan,
  type PlanObserved,
  type PlanSettings,
  egressHosts,
  planObjects,
} from './plan/index.ts';

// webhook
export { type Webhook, type WebhookOptions, startWebhook } from './webhook/webhook.ts';
export { type World } from './webhook/world.ts';

// grants, sessions and the namespaces of teams
export { startAccessController } from '../access/start.ts';
export { startTenancyController } from './tenancy/controller.ts';

// the operator itself
export { type ClusterOperator, type ClusterOperatorOptions, startClusterOperator } from './start.ts';
