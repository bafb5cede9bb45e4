import { type Clock } from '@mcp-runtime/base';
import { type ResourceStore } from './port.ts';
import { type Change, FIRST_VERSION, KEPT_CHANGES, type Storage } from './storage.ts';
import { openStore } from './store.ts';

/** A store that is gone when it is closed. */
export function openMemoryStore(options: { readonly clock: Clock }): ResourceStore {
  return openStore(memoryStorage(), options.clock);
}

function memoryStorage(): Storage {
  const changes: Change[] = [];
  return {
    load: () => ({ objects: [], version: FIRST_VERSION }),
    commit: (more) => {
      changes.push(...more);
      // Twice as many may pile up, so that most writes move nothing.
      if (changes.length > 2 * KEPT_CHANGES) changes.splice(0, changes.length - KEPT_CHANGES);
    },
    changesAfter: (version) => {
      const oldest = changes[0]?.version ?? FIRST_VERSION + 1;
      return version + 1 < oldest ? undefined : changes.filter((change) => change.version > version);
    },
    close: () => {},
  };
}
