import { AppError, asAppError } from '@mcp-runtime/api';
import { type KubeObject, type ResourceType, type Selection, type WatchOptions } from './port.ts';
import { isSelected } from './selection.ts';
import { type Change } from './storage.ts';
import { kindKey } from './stored.ts';

interface Watcher {
  push(changes: readonly Change[]): void;
  drain(): void;
  end(): void;
}

/** The open watches of a store. A watcher that fails ends alone. */
export class Watchers {
  readonly #open = new Set<Watcher>();

  add<T extends KubeObject>(type: ResourceType<T>, options: WatchOptions<T>, backlog: readonly Change[]): void {
    const { signal } = options;
    const kind = kindKey(type);
    const queue: Change[] = [];
    let draining = false;

    const end = (): void => {
      queue.length = 0;
      this.#open.delete(watcher);
      signal.removeEventListener('abort', end);
    };
    const deliver = (change: Change): void => {
      try {
        options.on({ type: change.type, object: type.parse(change.object) });
      } catch (error) {
        end();
        report(options, asAppError(error));
      }
    };
    const watcher: Watcher = {
      push: (changes) =>
        queue.push(
          ...changes
            .filter(({ object }) => kindKey(object) === kind)
            .flatMap((change) => selectedChange(change, options) ?? []),
        ),
      // A watcher that writes comes back here: its event waits until the one in hand is done, so order holds.
      drain: () => {
        if (draining) return;
        draining = true;
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) deliver(next);
        draining = false;
      },
      end,
    };
    signal.addEventListener('abort', end);
    this.#open.add(watcher);
    watcher.push(backlog);
    watcher.drain();
  }

  publish(changes: readonly Change[]): void {
    const open = [...this.#open];
    for (const watcher of open) watcher.push(changes);
    for (const watcher of open) watcher.drain();
  }

  endAll(): void {
    for (const watcher of this.#open) watcher.end();
  }
}

/**
 * The change as it looks to somebody who sees only what is selected; undefined when there is nothing to see. Labels are
 * all of a selection that an object can cease to have.
 */
function selectedChange(change: Change, selection: Selection): Change | undefined {
  const { type, object, before } = change;
  if (type !== 'modified') return isSelected(object, selection) ? change : undefined;
  if (isSelected(object, selection)) {
    return before === undefined || isSelected(before, selection) ? change : { ...change, type: 'added' };
  }
  const { labels, ...unchangeable } = selection;
  const mayHaveBeen = before === undefined ? isSelected(object, unchangeable) : isSelected(before, selection);
  return labels !== undefined && mayHaveBeen ? { ...change, type: 'deleted' } : undefined;
}

export function expired(resourceVersion: string): AppError {
  return new AppError('resource_version_expired', `version \`${resourceVersion}\` is no longer kept`, {
    next: 'list again and watch from there',
  });
}

/** A failing error handler has nobody left to tell, and must not fail the write that is in progress. */
function report(watch: Pick<WatchOptions<never>, 'onError'>, error: AppError): void {
  try {
    watch.onError(error);
  } catch {
    return;
  }
}
