import { spawn } from 'node:child_process';
import { AppError } from '@mcp-runtime/api';
import { Child, type ChildOptions } from './child.ts';
import { type SpawnChild } from './options.ts';

/** In a process group of its own, so that what the child starts can be ended with it. */
export const spawnInGroup: SpawnChild = (command, args, { env, cwd }) =>
  spawn(command, args, { env, cwd, detached: true, shell: false, windowsHide: true, stdio: ['pipe', 'pipe', 'pipe'] });

/** All processes of one bridge: none outlives `stopAll`. */
export class Children {
  readonly #options: ChildOptions;
  readonly #running = new Set<Child>();
  #spare: Child | undefined;
  #closed = false;

  constructor(options: ChildOptions) {
    this.#options = options;
  }

  get pids(): readonly number[] {
    return [...this.#running].flatMap(({ pid }) => pid ?? []);
  }

  /** @throws AppError `service_unavailable` after `stopAll` */
  start(): Child {
    if (this.#closed) throw new AppError('service_unavailable', 'the bridge is closing');
    const child = new Child(this.#options);
    this.#running.add(child);
    void child.gone.then(() => this.#running.delete(child));
    return child;
  }

  /** The one started ahead, or a new one. */
  take(): Child {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare?.alive === true ? spare : this.start();
  }

  /** Starts one ahead, so that the next session does not wait for it. */
  prewarm(): void {
    if (!this.#closed && this.#spare?.alive !== true) this.#spare = this.start();
  }

  async stopAll(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#running].map((child) => child.stop()));
  }
}
