import { setTimeout as delay } from 'node:timers/promises';
import { AppError, type ErrorCode, asAppError } from '@mcp-runtime/api';
import { type BackoffPolicy, backoffMs } from '@mcp-runtime/base';
import { type KubeObject, type ResourceType, type WatchEvent, type WatchOptions } from '../port.ts';
import { type Asked, refusalOf } from './api-status.ts';
import { collectionPath, selectionQuery, withQuery } from './paths.ts';
import { tryReadObject, versionOf } from './reading.ts';
import { type Requester } from './requester.ts';
import { type WireEvent, linesOf, readWireEvent } from './watch-stream.ts';

export interface WatchTimes {
  /** The server ends the connection after this, and the watch goes on over a new one. */
  readonly connectionSeconds: number;
  /** A connection over which nothing came for so long is dead: the server sends a bookmark each minute. */
  readonly idleMs: number;
}

const BACKOFF: BackoffPolicy = { initialMs: 50, factor: 2, maxMs: 5_000 };
/** A connection that lasted so long was a good one. */
const SHORT_MS = 500;
const MAX_EVENT_BYTES = 16 * 1024 * 1024;

/** After these another try gives the same, or events were missed: the watcher has to start over. */
const FINAL: readonly ErrorCode[] = [
  'resource_version_expired',
  'forbidden',
  'not_found',
  'invalid_request',
  'method_not_allowed',
];

/** Follows one collection over as many connections as it takes, each from where the last one ended. */
export class KubernetesWatch<T extends KubeObject> {
  readonly #requester: Requester;
  readonly #type: ResourceType<T>;
  readonly #options: WatchOptions<T>;
  readonly #times: WatchTimes;
  #version: string;
  #failures = 0;

  constructor(requester: Requester, type: ResourceType<T>, options: WatchOptions<T>, times: WatchTimes) {
    this.#requester = requester;
    this.#type = type;
    this.#options = options;
    this.#times = times;
    this.#version = options.resourceVersion;
  }

  get #asked(): Asked {
    return { what: this.#type.plural, type: this.#type };
  }

  async run(closing: AbortSignal): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      const begun = performance.now();
      try {
        await this.#connect();
        // The server ends each connection in time. Only one that it ends at once, again and again, is asked for with rests.
        if (performance.now() - begun >= SHORT_MS) this.#failures = 0;
        await this.#rest();
      } catch (error) {
        if (signal.aborted) return;
        const final = this.#finalProblem(error, closing);
        if (final !== undefined) return this.#options.onError(final);
        await this.#rest();
      }
    }
  }

  /** Tells of a failure that the watch survives; returns the one that it does not. */
  #finalProblem(error: unknown, closing: AbortSignal): AppError | undefined {
    if (error instanceof WatcherFault) return asAppError(error.cause);
    const problem = asAppError(error);
    if (closing.aborted || FINAL.includes(problem.code)) return problem;
    try {
      this.#options.onInterrupted?.(problem);
      return undefined;
    } catch (fault) {
      return asAppError(fault);
    }
  }

  async #connect(): Promise<void> {
    const { namespace, signal } = this.#options;
    const { connectionSeconds, idleMs } = this.#times;
    const idle = new AbortController();
    const ends = AbortSignal.any([signal, idle.signal]);
    const target = withQuery(collectionPath(this.#type, namespace), {
      ...selectionQuery(this.#options),
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: this.#version,
      timeoutSeconds: String(connectionSeconds),
    });
    const timer = setTimeout(() => idle.abort(), idleMs);
    try {
      const stream = await this.#requester.open({ ...this.#asked, method: 'GET', target }, ends);
      this.#options.onConnected?.();
      stream.on('data', () => timer.refresh());
      for await (const line of linesOf(stream, MAX_EVENT_BYTES)) {
        if (signal.aborted) return;
        this.#take(readWireEvent(line));
      }
    } catch (error) {
      if (!idle.signal.aborted) throw error instanceof AppError ? error : this.#cut(error);
      throw new AppError('deadline_exceeded', `${this.#type.plural}: nothing came for ${idleMs} ms`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  #cut(error: unknown): unknown {
    if (error instanceof WatcherFault) return error;
    return new AppError('service_unavailable', `${this.#type.plural}: the watch was cut off`, { cause: error });
  }

  #take({ type, object }: WireEvent): void {
    if (type === 'ERROR') throw refusalOf(Number(object['code'] ?? 500), object, this.#asked);
    this.#failures = 0;
    const version = versionOf(object);
    this.#tell(this.#eventOf(type, object));
    if (version !== undefined) this.#version = version;
  }

  #eventOf(wireType: string, object: WireEvent['object']): WatchEvent<T> {
    if (wireType === 'BOOKMARK') return { type: 'bookmark', resourceVersion: versionOf(object) ?? this.#version };
    const read = tryReadObject(this.#type, object);
    if ('refused' in read) return { type: 'refused', ...read.refused };
    const type = wireType === 'ADDED' ? 'added' : wireType === 'DELETED' ? 'deleted' : 'modified';
    return { type, object: read.object };
  }

  #tell(event: WatchEvent<T>): void {
    try {
      this.#options.on(event);
    } catch (error) {
      throw new WatcherFault('the watcher failed', { cause: error });
    }
  }

  async #rest(): Promise<void> {
    const jitter = 0.5 + Math.random() / 2;
    const ms = backoffMs(BACKOFF, this.#failures) * jitter;
    this.#failures += 1;
    await delay(ms, undefined, { signal: this.#options.signal }).catch(() => {});
  }
}

/** `on` threw. */
class WatcherFault extends Error {}
