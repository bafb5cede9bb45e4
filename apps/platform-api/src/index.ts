export { type ApiParts, type Events, type ServerLogs } from './parts.ts';
export { type PlatformApi, startPlatformApi } from './start.ts';
