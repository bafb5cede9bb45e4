import { hash } from 'node:crypto';
import { type Clock } from '@mcp-runtime/base';

export interface ReplayCache {
  /** Whether this id was there before; `full` when that cannot be known any more, so that nothing new may pass. */
  enter(id: string): 'new' | 'seen' | 'full';
}

interface ReplayLimits {
  /** How long an id counts at least. */
  readonly keepMs: number;
  readonly maxIds: number;
}

/** Remembers ids in two generations: the older one goes as a whole, so that no entry is looked at twice. */
export function createReplayCache(clock: Clock, { keepMs, maxIds }: ReplayLimits): ReplayCache {
  let younger = new Set<string>();
  let older = new Set<string>();
  let turnedAt = clock();

  function turn(): void {
    const age = clock() - turnedAt;
    if (age < keepMs) return;
    older = age < 2 * keepMs ? younger : new Set();
    younger = new Set();
    turnedAt = clock();
  }

  return {
    enter: (id) => {
      turn();
      const key = hash('sha256', id, 'base64url');
      if (younger.has(key) || older.has(key)) return 'seen';
      if (younger.size + older.size >= maxIds) return 'full';
      younger.add(key);
      return 'new';
    },
  };
}
