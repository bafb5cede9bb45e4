import { type Clock } from '@mcp-runtime/base';
import { type Receiver } from './child.ts';
import { type Children } from './children.ts';
import { type Upstream } from './session.ts';
import { SharedProcess } from './shared-process.ts';
import { type Telemetry } from './telemetry.ts';

/** Keeps one shared process: starts it for the first client, and again after it has ended. */
export class SharedHost {
  readonly #children: Children;
  readonly #telemetry: Telemetry;
  readonly #clock: Clock;
  #current: SharedProcess | undefined;
  #lastUsed = 0;

  constructor(children: Children, telemetry: Telemetry, clock: Clock) {
    this.#children = children;
    this.#telemetry = telemetry;
    this.#clock = clock;
  }

  join(receiver: Receiver): Upstream {
    if (this.#current?.alive !== true) this.#current = new SharedProcess(this.#children.take(), this.#telemetry);
    this.#lastUsed = this.#clock();
    return this.#current.join(receiver);
  }

  /** Ends the process when no client is there and none was since `time`. */
  stopIfUnusedSince(time: number): void {
    if (this.#current?.used === true) this.#lastUsed = this.#clock();
    else if (this.#lastUsed <= time) void this.#current?.stop();
  }
}
