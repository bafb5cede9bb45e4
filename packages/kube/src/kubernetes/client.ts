import { type ObjectKey, keyText } from '@mcp-runtime/api';
import { type Running, closeOnce } from '@mcp-runtime/base';
import { readConfig, readNew } from '../input.ts';
import {
  type Applied,
  type ApplyOptions,
  type DeleteOptions,
  type KubeObject,
  type ListOptions,
  type ResourceClient,
  type ResourceType,
  type WatchOptions,
  type WriteOptions,
} from '../port.ts';
import { textOf } from '../preconditions.ts';
import { type ClusterAccess } from './access.ts';
import { isAbsent, refusalOf } from './api-status.ts';
import { listAll } from './listing.ts';
import { collectionPath, objectPath, withQuery } from './paths.ts';
import { type RateLimit, createRateLimiter } from './rate-limiter.ts';
import { readObject } from './reading.ts';
import { type ApiRequest, Requester } from './requester.ts';
import { createTransport } from './transport.ts';
import { KubernetesWatch, type WatchTimes } from './watching.ts';
import {
  applyQuery,
  deleteBody,
  isHeld,
  isUnchanged,
  rejectVersion,
  requireVersion,
  toWire,
  writeQuery,
} from './writing.ts';

export interface KubernetesClientOptions {
  readonly access: ClusterAccess;
  /** What the API server logs as the caller's program. */
  readonly userAgent?: string;
  /** 50 requests a second and 100 at once unless given. */
  readonly rateLimit?: RateLimit;
  /** For one request with its answer; 30,000 unless given. */
  readonly timeoutMs?: number;
  /** For one answer; 64 MiB unless given. */
  readonly maxAnswerBytes?: number;
  /** 240 seconds a connection, and 90 of silence, unless given. */
  readonly watch?: WatchTimes;
}

/** Resources of a real API server. Closing it ends its watches; later calls reject with `service_unavailable`. */
export type KubernetesClient = ResourceClient & Running;

const APPLY_PATCH = 'application/apply-patch+yaml';
const DEFAULT_RATE: RateLimit = { qps: 50, burst: 100 };
const DEFAULT_TIMES: WatchTimes = { connectionSeconds: 240, idleMs: 90_000 };
const MIB = 1024 * 1024;

export function openKubernetesClient(options: KubernetesClientOptions): KubernetesClient {
  const { access, watch: times = DEFAULT_TIMES } = options;
  const closing = new AbortController();
  const transport = createTransport(access);
  const requester = new Requester({
    access,
    transport,
    limiter: createRateLimiter(options.rateLimit ?? DEFAULT_RATE),
    userAgent: options.userAgent ?? 'mcp-runtime',
    timeoutMs: options.timeoutMs ?? 30_000,
    maxAnswerBytes: options.maxAnswerBytes ?? 64 * MIB,
    closing: closing.signal,
  });
  const running = closeOnce(async () => {
    closing.abort();
    transport.close();
  });

  const getRaw = async (type: ResourceType<KubeObject>, key: ObjectKey): Promise<unknown> => {
    const request: ApiRequest = { method: 'GET', target: objectPath(type, key), type, what: nameOf(type, key) };
    const { status, body } = await requester.tryAsk(request);
    if (status === 200) return body;
    if (status === 404 && isAbsent(body, key.name)) return undefined;
    throw refusalOf(status, body, request);
  };

  const put = async <T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions,
    subresource?: 'status',
  ): Promise<T> => {
    requireVersion(object);
    const target = withQuery(objectPath(type, object.metadata, subresource), writeQuery(options));
    const { body } = await requester.ask({
      method: 'PUT',
      target,
      body: toWire(type, object),
      type,
      what: textOf(object),
    });
    return readObject(type, body);
  };

  return {
    ...running,
    get: async (type, key) => {
      const found = await getRaw(type, key);
      return found === undefined ? undefined : readObject(type, found);
    },
    list: async (type, options: ListOptions = {}) => await listAll(requester, type, options),
    watch: <T extends KubeObject>(type: ResourceType<T>, options: WatchOptions<T>): void => {
      // A handler of errors that fails has nobody left to tell.
      new KubernetesWatch(requester, type, options, times).run(closing.signal).catch(() => {});
    },
    create: async <T extends KubeObject>(type: ResourceType<T>, value: unknown, options: WriteOptions = {}) => {
      const object = readNew(type, value);
      rejectVersion(object);
      const target = withQuery(collectionPath(type, object.metadata.namespace), writeQuery(options));
      const body = toWire(type, object);
      const answer = await requester.ask({ method: 'POST', target, body, type, what: textOf(object) });
      return readObject(type, answer.body);
    },
    update: async (type, object, options = {}) => await put(type, object, options),
    updateStatus: async (type, object, options = {}) => await put(type, object, options, 'status'),
    apply: async <T extends KubeObject>(
      type: ResourceType<T>,
      value: unknown,
      options: ApplyOptions,
    ): Promise<Applied<T>> => {
      const { status: _, ...config } = readConfig(type, value);
      const before = await getRaw(type, config.metadata);
      const target = withQuery(objectPath(type, config.metadata), applyQuery(options));
      const { body, status } = await requester.ask({
        method: 'PATCH',
        target,
        contentType: APPLY_PATCH,
        body: toWire(type, config),
        type,
        what: nameOf(type, config.metadata),
      });
      const object = readObject(type, body);
      if (status === 201) return { object, action: 'created' };
      return { object, action: isUnchanged(before, body, options.dryRun) ? 'unchanged' : 'configured' };
    },
    delete: async (type, key, options: DeleteOptions = {}) => {
      const request: ApiRequest = {
        method: 'DELETE',
        target: objectPath(type, key),
        body: deleteBody(options),
        type,
        what: nameOf(type, key),
      };
      const { status, body } = await requester.tryAsk(request);
      if (status === 404 && isAbsent(body, key.name)) return 'absent';
      if (status >= 300) throw refusalOf(status, body, request);
      return isHeld(body) ? 'deleting' : 'deleted';
    },
  };
}

function nameOf({ kind }: ResourceType<KubeObject>, key: ObjectKey): string {
  return `${kind} \`${keyText(key)}\``;
}
