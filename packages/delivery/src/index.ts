export { type DeliveryInput, encodeDelivery } from './encode.ts';
export { type Decoded, type Delivery, type DeliveryFault, decodeDelivery, packedDefinitions } from './decode.ts';
export { packDefinitions } from './definitions.ts';
export { policyLabels, policyName } from './layout.ts';
export { fullNameAnnotations, shortened, workloadName } from './names.ts';
export {
  type DeliveryScope,
  type DeliverySink,
  type FollowOptions,
  type FollowStatus,
  type Following,
  followDeliveries,
} from './follow.ts';
export { type TrackPods } from './tracks.ts';
export { GATEWAY_PERMISSIONS, SIDECAR_PERMISSIONS } from './permissions.ts';
export { type CachedState, type DeliveryCache, openDeliveryCache } from './cache.ts';
export { secretReader } from './secrets.ts';
export {
  type DeliverySource,
  type GuardedSink,
  type SourceOptions,
  type SourceStatus,
  openDeliverySource,
} from './source.ts';
