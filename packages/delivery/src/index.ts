export { type DeliveryInput, encodeDelivery } from './encode.ts';
export { type Decoded, type Delivery, type DeliveryFault, decodeDelivery } from './decode.ts';
export { policyLabels, policyName } from './layout.ts';
