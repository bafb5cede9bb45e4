export { type Operator, type OperatorOptions, startOperator } from './operator.ts';
export {
  type GatewayPublisher,
  type Handshake,
  type Infrastructure,
  type Probe,
  type PublishedRoute,
  type ReadSecret,
} from './ports.ts';
export { createProbe } from './probe.ts';
export { startAccessController } from './access/start.ts';
