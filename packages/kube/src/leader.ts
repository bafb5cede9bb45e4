import { setTimeout as delay } from 'node:timers/promises';
import { type AppError, type ObjectKey, asAppError } from '@mcp-runtime/api';
import { type Running, closeOnce, signalAfter } from '@mcp-runtime/base';
import { LEASES } from './builtin.ts';
import { equalJson } from './json.ts';
import { type LeaseSpec, decideLease, heldLease, isReleased, readLeaseSpec, releasedLease } from './lease-decision.ts';
import { type KubeObject, type ResourceClient } from './port.ts';
import { watchState } from './watch-state.ts';

/** Where a candidate gets its time from. */
export interface LeaderClock {
  /** Milliseconds that never go back; only differences mean something. */
  elapsed(): number;
  /** Wall clock, milliseconds. */
  now(): number;
  /** Resolves after `ms`, or as soon as `signal` aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** 0 to 1. */
  random(): number;
}

export interface LeaderOptions {
  readonly client: ResourceClient;
  /** The Lease that candidates contend for; made when there is none. */
  readonly lease: ObjectKey;
  /** Of no other candidate that lives: two with one name would lead both. One that was killed may come back with it. */
  readonly identity: string;
  /**
   * What only the leader does. It ends soon after `signal` aborts, which is when leadership is lost or the candidate
   * closes; nobody else leads before 5 seconds after that (with the times below), however clocks differ.
   */
  lead(signal: AbortSignal): Promise<void>;
  /** A failure to read or write the Lease, which is tried again, or one of `lead`. */
  onError?(error: AppError): void;
  readonly times?: LeaderTimes;
  readonly clock?: LeaderClock;
}

export interface LeaderTimes {
  /** For which others leave a lease alone after its last renewal; whole seconds, 15 unless given. */
  readonly leaseSeconds: number;
  /** A leader that could not renew for so long stops leading; 10,000 unless given. */
  readonly renewWithinMs: number;
  /** Between two tries; 2,000 unless given. */
  readonly retryMs: number;
}

const DEFAULT_TIMES: LeaderTimes = { leaseSeconds: 15, renewWithinMs: 10_000, retryMs: 2_000 };

const SYSTEM_CLOCK: LeaderClock = {
  elapsed: () => performance.now(),
  now: () => Date.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
  random: Math.random,
};

/**
 * Leads whenever it holds a Lease (Kubernetes docs, "Leases"; the rules are those of client-go, `leaderelection`).
 * Closing it ends `lead`, renews until `lead` has ended, then releases the Lease; others watch it and lead at once.
 */
export function startCandidate(options: LeaderOptions): Running {
  const stop = new AbortController();
  const candidate = new Candidate(options, stop.signal);
  const done = candidate.run();
  return closeOnce(async () => {
    stop.abort();
    await done;
  });
}

interface Seen {
  readonly lease: KubeObject | undefined;
  readonly spec: LeaseSpec | undefined;
  readonly since: number;
}

class Candidate {
  readonly #options: LeaderOptions;
  readonly #times: LeaderTimes;
  readonly #clock: LeaderClock;
  readonly #stop: AbortSignal;
  #seen: Seen | undefined;
  /** Aborts when the lease is seen to be nobody's. */
  #released = new AbortController();
  /** When the last write that succeeded was begun: from then on others count at the earliest. */
  #renewedAt = Number.NEGATIVE_INFINITY;

  constructor(options: LeaderOptions, stop: AbortSignal) {
    this.#options = options;
    this.#times = options.times ?? DEFAULT_TIMES;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#stop = stop;
  }

  async run(): Promise<void> {
    this.#watch();
    while (!this.#stop.aborted) {
      const outcome = await this.#within(this.#times.renewWithinMs, this.#tryToHold(), this.#stop);
      // Who has led leaves the lease to others for a while, the one that it released itself too.
      if (outcome === 'held') await this.#leadWhileHeld();
      const turn = outcome === 'held' ? this.#stop : signalAfter(undefined, this.#stop, this.#released.signal);
      await this.#clock.sleep(this.#retryMs(), turn);
      if (this.#released.signal.aborted) this.#released = new AbortController();
    }
  }

  /** So that a change of hands takes no longer than the news of it. A watch that fails leaves the tries at intervals. */
  #watch(): void {
    const { client, lease } = this.#options;
    watchState(client, LEASES, {
      ...lease,
      signal: this.#stop,
      onChange: ({ object }) => {
        if (isReleased(readLeaseSpec(object.spec))) this.#released.abort();
      },
    });
  }

  async #leadWhileHeld(): Promise<void> {
    const lost = new AbortController();
    const over = new AbortController();
    const work = this.#work(AbortSignal.any([lost.signal, this.#stop])).finally(() => over.abort());
    await this.#renewUntil(over.signal);
    const isGivenUp = over.signal.aborted;
    lost.abort();
    await work;
    if (isGivenUp) await this.#within(this.#times.renewWithinMs, this.#release());
  }

  async #work(signal: AbortSignal): Promise<void> {
    try {
      if (!signal.aborted) await this.#options.lead(signal);
    } catch (error) {
      if (!signal.aborted) this.#options.onError?.(asAppError(error));
    }
  }

  /** Returns when `over` aborts, when another one holds the lease, or when it was not renewed in time. */
  async #renewUntil(over: AbortSignal): Promise<void> {
    const leftMs = (): number => this.#renewedAt + this.#times.renewWithinMs - this.#clock.elapsed();
    while (!over.aborted) {
      await this.#clock.sleep(Math.min(this.#retryMs(), Math.max(0, leftMs())), over);
      if (over.aborted || leftMs() <= 0) return;
      const outcome = await this.#within(leftMs(), this.#tryToHold());
      if (outcome === 'lost' || outcome === 'late') return;
    }
  }

  async #within<T>(ms: number, work: Promise<T>, stop?: AbortSignal): Promise<T | 'late'> {
    const answered = new AbortController();
    const late = this.#clock.sleep(ms, signalAfter(undefined, answered.signal, stop)).then(() => 'late' as const);
    const outcome = await Promise.race([work, late]);
    answered.abort();
    return outcome;
  }

  /** `lost` when another one holds it; `failed` when that is not known. */
  async #tryToHold(): Promise<'held' | 'lost' | 'failed'> {
    const begun = this.#clock.elapsed();
    try {
      const { lease, spec, since } = this.#observe(await this.#read());
      const { identity } = this.#options;
      const decision = decideLease({ lease: spec, identity, unchangedForMs: this.#clock.elapsed() - since });
      if (decision.action === 'wait') return 'lost';
      const writer = { identity, leaseSeconds: this.#times.leaseSeconds, now: this.#clock.now() };
      this.#observe(await this.#write(lease, heldLease(spec, writer)));
      this.#renewedAt = Math.max(this.#renewedAt, begun);
      return 'held';
    } catch (error) {
      const problem = asAppError(error);
      const isRace = problem.code === 'conflict' || problem.code === 'already_exists';
      // Somebody else wrote first: the next try reads who.
      if (!isRace) this.#options.onError?.(problem);
      return 'failed';
    }
  }

  #observe(lease: KubeObject | undefined): Seen {
    const spec = lease && readLeaseSpec(lease.spec);
    const isSame = this.#seen !== undefined && equalJson(this.#seen.spec, spec);
    const since = isSame ? (this.#seen?.since ?? 0) : this.#clock.elapsed();
    this.#seen = { lease, spec, since };
    return this.#seen;
  }

  #read(): Promise<KubeObject | undefined> {
    return this.#options.client.get(LEASES, this.#options.lease);
  }

  async #write(lease: KubeObject | undefined, spec: LeaseSpec): Promise<KubeObject> {
    const { client, lease: key } = this.#options;
    if (lease !== undefined) return await client.update(LEASES, { ...lease, spec });
    const { apiVersion, kind } = LEASES;
    return await client.create(LEASES, { apiVersion, kind, metadata: { ...key }, spec });
  }

  /** A lease that cannot be released ends by itself. */
  async #release(): Promise<void> {
    try {
      const lease = await this.#read();
      const spec = readLeaseSpec(lease?.spec);
      if (lease === undefined || spec.holderIdentity !== this.#options.identity) return;
      await this.#write(lease, releasedLease(spec, this.#clock.now()));
    } catch (error) {
      this.#options.onError?.(asAppError(error));
    }
  }

  /** A little different each time, so that candidates do not ask in step. */
  #retryMs(): number {
    return this.#times.retryMs * (1 + this.#clock.random() / 5);
  }
}
