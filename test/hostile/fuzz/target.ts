import { type Random } from './random.ts';

/** Something that is fed with cases. A case throws when it finds a fault. */
export interface Target {
  run(random: Random): void | Promise<void>;
  close?(): Promise<void>;
}

export type OpenTarget = () => Target | Promise<Target>;
