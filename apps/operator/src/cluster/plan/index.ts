export { dnsRule, egressHosts } from './network-policy.ts';
export { type DesiredObject } from './object.ts';
export { type Plan, planObjects } from './plan-objects.ts';
export { type PlanObserved, type PlanSettings } from './settings.ts';
