// the port
export {
  type Applied,
  type ApplyOptions,
  type DeleteOptions,
  type KubeObject,
  type ListOptions,
  type ObjectList,
  type ResourceClient,
  type ResourceStore,
  type ResourceType,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
} from './port.ts';

// implementations
export { openMemoryStore } from './memory.ts';
export { openSqliteStore } from './sqlite.ts';

// reading along
export { type StateChange, type StateView, type WatchStateOptions, watchState } from './watch-state.ts';
