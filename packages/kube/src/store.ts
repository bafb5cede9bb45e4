import { randomUUID } from 'node:crypto';
import { AppError, type ObjectKey } from '@mcp-runtime/api';
import { type Clock, closeOnce } from '@mcp-runtime/base';
import {
  type Decision,
  type DecisionContext,
  decideApply,
  decideCreate,
  decideDelete,
  decideStatusUpdate,
  decideUpdate,
} from './decide.ts';
import { readConfig, readNew } from './input.ts';
import { byKey, isSelected } from './selection.ts';
import { ObjectTable } from './object-table.ts';
import {
  type KubeObject,
  type ListOptions,
  type ObjectList,
  type ResourceStore,
  type ResourceType,
  type WatchOptions,
} from './port.ts';
import { type Storage } from './storage.ts';
import { type StoredObject, kindKey } from './stored.ts';
import { Transaction } from './transaction.ts';
import { Watchers, expired } from './watchers.ts';

/** A store over a storage: reads come from memory, and a write is in the storage before it is anywhere else. */
export function openStore(storage: Storage, clock: Clock): ResourceStore {
  const table = new ObjectTable();
  const watchers = new Watchers();
  const loaded = storage.load();
  for (const object of loaded.objects) table.set(object);
  let version = loaded.version;
  let isClosed = false;

  const now = (): string => new Date(clock()).toISOString().replace(/\.\d+Z$/, 'Z');
  const contextOf = (type: ResourceType<KubeObject>): DecisionContext => ({
    now: now(),
    newUid: randomUUID,
    parse: (value) => type.parse(value),
  });
  const closed = (): AppError => new AppError('service_unavailable', 'the resource store is closed');
  const rejectClosed = (): void => {
    if (isClosed) throw closed();
  };
  const currentOf = (type: ResourceType<KubeObject>, key: ObjectKey): StoredObject | undefined => {
    rejectClosed();
    return table.get(kindKey(type), key);
  };

  const commit = (decision: Decision, dryRun: 'dry-run' | undefined): StoredObject => {
    if (decision.outcome === 'unchanged' || dryRun !== undefined) return decision.object;
    const transaction = new Transaction(table, version, now());
    const { changes } = transaction;
    let written: StoredObject;
    try {
      written = transaction.run(decision);
      storage.commit(changes);
    } catch (error) {
      transaction.undo();
      throw error;
    }
    version += changes.length;
    watchers.publish(changes);
    return written;
  };

  const running = closeOnce(async () => {
    isClosed = true;
    watchers.endAll();
    storage.close();
  });

  return {
    ...running,
    get: async (type, key) => {
      const found = currentOf(type, key);
      return found && type.parse(found);
    },
    list: async <T>(type: ResourceType<T>, options: ListOptions = {}): Promise<ObjectList<T>> => {
      rejectClosed();
      const items = table.list(kindKey(type)).filter((object) => isSelected(object, options));
      return { items: items.toSorted(byKey).map((object) => type.parse(object)), resourceVersion: String(version) };
    },
    watch: <T extends KubeObject>(type: ResourceType<T>, options: WatchOptions<T>): void => {
      const { resourceVersion } = options;
      if (options.signal.aborted) return;
      if (isClosed) return options.onError(closed());
      const from = Number(resourceVersion);
      // A version from the future is of another store, such as one that was restored from a backup.
      const backlog = from <= version ? storage.changesAfter(from) : undefined;
      if (backlog === undefined) options.onError(expired(resourceVersion));
      else watchers.add(type, options, backlog);
    },
    create: async (type, value, options = {}) => {
      const object = readNew(type, value);
      const decision = decideCreate(currentOf(type, object.metadata), object, options, contextOf(type));
      return type.parse(commit(decision, options.dryRun));
    },
    update: async (type, object, options = {}) => {
      const decision = decideUpdate(currentOf(type, object.metadata), object, options, contextOf(type));
      return type.parse(commit(decision, options.dryRun));
    },
    updateStatus: async (type, object, options = {}) => {
      const decision = decideStatusUpdate(currentOf(type, object.metadata), object, options, contextOf(type));
      return type.parse(commit(decision, options.dryRun));
    },
    apply: async (type, value, options) => {
      const config = readConfig(type, value);
      const current = currentOf(type, config.metadata);
      const decision = decideApply(current, config, options, contextOf(type));
      const object = type.parse(commit(decision, options.dryRun));
      if (current === undefined) return { object, action: 'created' };
      return { object, action: decision.outcome === 'unchanged' ? 'unchanged' : 'configured' };
    },
    delete: async (type, key, options = {}) => {
      const current = currentOf(type, key);
      if (current === undefined) return 'absent';
      const decision = decideDelete(current, options, now());
      commit(decision, options.dryRun);
      return decision.outcome === 'removed' ? 'deleted' : 'deleting';
    },
  };
}
