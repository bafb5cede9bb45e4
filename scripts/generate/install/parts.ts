import { ACCESS_OBJECTS, ROLES_OF_PEOPLE } from './access.ts';
import { CATALOGS, NAMESPACE, PRIORITY_CLASSES, WEBHOOK } from './cluster-wide.ts';
import { NETWORK_POLICIES } from './network.ts';
import { GATEWAY_DEPLOYMENT, GATEWAY_OBJECTS, GATEWAY_STATEFUL_SET, OPERATOR_OBJECTS } from './programs.ts';
import { SETTINGS } from './settings.ts';
import { type Json, type Manifest, type Setting } from './setting.ts';

/** A file of the installation. */
export interface Part {
  readonly name: string;
  readonly objects: readonly Manifest[];
  /** Only there where a setting has this value. */
  readonly when?: { readonly setting: Setting; readonly is: Json };
}

/** In the order in which they are applied. */
export const PARTS: readonly Part[] = [
  { name: 'namespace', objects: [NAMESPACE], when: { setting: SETTINGS.createNamespace, is: true } },
  { name: 'catalog-org', objects: [CATALOGS.org], when: { setting: SETTINGS.mode, is: 'org' } },
  { name: 'catalog-public', objects: [CATALOGS.public], when: { setting: SETTINGS.mode, is: 'public' } },
  { name: 'priority-classes', objects: PRIORITY_CLASSES },
  { name: 'access', objects: ACCESS_OBJECTS },
  { name: 'people-roles', objects: ROLES_OF_PEOPLE },
  { name: 'network-policies', objects: NETWORK_POLICIES },
  { name: 'operator', objects: OPERATOR_OBJECTS },
  { name: 'gateway', objects: GATEWAY_OBJECTS },
  {
    name: 'gateway-deployment',
    objects: [GATEWAY_DEPLOYMENT],
    when: { setting: SETTINGS.auditVolume, is: 'pod' },
  },
  {
    name: 'gateway-stateful-set',
    objects: [GATEWAY_STATEFUL_SET],
    when: { setting: SETTINGS.auditVolume, is: 'claim' },
  },
  { name: 'webhook', objects: [WEBHOOK] },
];
