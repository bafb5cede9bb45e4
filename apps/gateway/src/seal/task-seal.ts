import { z } from 'zod';
import { type Place, type SealKeys, boundTo, createSeal } from './seal.ts';

/** A task of a server, and the tool whose call it is. */
export interface SealedTask {
  readonly id: string;
  readonly tool: string;
}

/**
 * Task ids that carry the server's own one and the tool that the task runs, so that every replica with the key knows whose
 * task it is and what policy has to allow. For anybody else, at another server or changed by a byte, it is no task.
 */
export interface TaskSeal {
  seal(task: SealedTask, place: Place): string;
  open(sealed: string, place: Place): SealedTask | undefined;
}

const USE = ['task'] as const;
const Sealed = z.tuple([z.string(), z.string()]);

export function createTaskSeal(keys: SealKeys): TaskSeal {
  const sealing = createSeal(keys);
  return {
    seal: ({ id, tool }, place) => sealing.seal(JSON.stringify([id, tool]), boundTo(place, USE)),
    open: (sealed, place) => {
      const text = sealing.open(sealed, boundTo(place, USE));
      if (text === undefined) return undefined;
      const [id, tool] = Sealed.parse(JSON.parse(text));
      return { id, tool };
    },
  };
}
