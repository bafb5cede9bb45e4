// running servers as child processes
export { startHost } from './host.ts';
export {
  type BridgeRequest,
  type FollowOptions,
  type Host,
  type HostOptions,
  type HostServer,
  type HostState,
  type SpawnChild,
  type SpawnPlace,
  type StartBridge,
  type StartedBridge,
} from './port.ts';
