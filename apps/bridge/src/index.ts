export { startBridge } from './bridge.ts';
export { type Bridge, type BridgeOptions, type SpawnChild, type SpawnedChild } from './options.ts';
