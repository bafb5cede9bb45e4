import { AppError, CLUSTER, asAppError, serverAudience } from '@mcp-runtime/api';
import {
  type BackoffPolicy,
  type Clock,
  type ListenAddress,
  type Logger,
  OpenedSoFar,
  type Running,
  closeOnce,
  retry,
} from '@mcp-runtime/base';
import { signProbeToken } from '@mcp-runtime/control-plane';
import { type ResourceClient, startCandidate } from '@mcp-runtime/kube';
import { createProbe } from '../probe.ts';
import { startAdmin } from './admin.ts';
import { type Engine, startEngine } from './engine/engine.ts';
import { readRevisionsAt, readTracksAt } from './engine/read-revisions.ts';
import { readActivityAt } from './sleep/read-activity.ts';
import { keepAuthority } from './mtls/keep.ts';
import { fetchTrusting } from './mtls/trusting-fetch.ts';
import { keepKeys } from './keep-keys.ts';
import { type OperatorSettings } from './settings.ts';
import { startTenancyController } from './tenancy/controller.ts';
import { type Webhook, startWebhook } from './webhook/webhook.ts';

export interface ClusterOperatorOptions {
  readonly client: ResourceClient;
  readonly settings: OperatorSettings;
  readonly listen: ListenAddress;
  /** Of no other process that lives, such as the UID of its pod. */
  readonly identity: string;
  readonly version: string;
  /** It leads no more, so it must end: what it knew may be out of date. */
  readonly onLost: (error: AppError) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ClusterOperator extends Running {
  /** Of `/health`, `/ready` and `/metrics`. */
  readonly adminUrl: string;
}

const PROBE_TOKEN_MS = 60_000;
const KEYS_BACKOFF: BackoffPolicy = { initialMs: 200, factor: 2, maxMs: 10_000 };

/**
 * Makes the servers of a cluster run, governed as their resources say. Any number of replicas may run: all watch, one writes.
 * Rejects with `port_in_use` or `invalid_config`; then nothing is left running.
 */
export async function startClusterOperator(options: ClusterOperatorOptions): Promise<ClusterOperator> {
  const { client, settings, clock, log } = options;
  const opened = new OpenedSoFar();
  let isSynced = false;
  const authority = keepAuthority({ client, settings, clock, log });
  const keys = keepKeys({ client, namespace: settings.namespace, clock, log, onChange: () => engine.lookAgain() });
  const engine = startEngine({
    client,
    settings,
    probe: createProbe({
      version: options.version,
      token: async ({ namespace, name }) => {
        const signingKey = keys.signingKey();
        if (signingKey === undefined) throw new AppError('service_unavailable', 'the signing key was not read yet');
        const life = { issuedAtMs: clock(), expiresAtMs: clock() + PROBE_TOKEN_MS };
        return (await signProbeToken(signingKey, serverAudience(namespace, name), life)).token;
      },
      fetchFor: async (key) => fetchTrusting(await authority.trustedFor(key)),
    }),
    authority: () => authority.current(),
    readRevisions: readRevisionsAt(settings.gateway.adminPort),
    readTracks: readTracksAt(settings.gateway.adminPort),
    readActivity: readActivityAt(settings.gateway.adminPort),
    tokenKeys: () => {
      const known = keys.current();
      return known === undefined ? undefined : JSON.stringify(known.ring.publicKeys());
    },
    sessionKeys: () => keys.current()?.sessionKeys,
    clock,
    log,
  });
  opened.add(() => engine.close());
  engine.synced.then(
    () => {
      isSynced = true;
      log.info('everything was listed');
    },
    () => {},
  );

  /** Until the signal: the keys first, since every gateway waits for them. */
  async function lead(signal: AbortSignal): Promise<void> {
    log.info('this replica leads', { identity: options.identity });
    await openKeys(signal).catch(() => {});
    if (keys.current() === undefined) return;
    keys.follow(signal);
    await authority.start(signal);
    engine.lead();
    // Namespaces are of the whole cluster.
    const tenancy =
      settings.watchNamespace === undefined
        ? startTenancyController({ client, settings, signal, log }).catch(() => undefined)
        : undefined;
    await untilAborted(signal);
    await Promise.all([engine.close(), tenancy?.then((started) => started?.close())]);
  }

  async function openKeys(signal: AbortSignal): Promise<void> {
    const retryable = (error: unknown): boolean => {
      log.error('the keys of the installation cannot be opened, and this is tried again', {
        error: asAppError(error).message,
      });
      return true;
    };
    const policy = { ...KEYS_BACKOFF, attempts: Number.POSITIVE_INFINITY, retryable };
    await retry(policy, signal, () => keys.look());
  }

  try {
    const webhook = settings.webhook.serve ? serveWebhook(options, engine) : undefined;
    opened.add(() => webhook?.close());
    const admin = await startAdmin({
      ...options.listen,
      metrics: engine.metrics,
      notReady: () => [
        ...(isSynced ? [] : ['caches_not_synced']),
        ...(webhook === undefined || webhook.isServing() ? [] : ['webhook_not_serving']),
      ],
    });
    opened.add(() => admin.close());
    opened.add(startLeading());
    return { adminUrl: admin.url, ...closeOnce(() => opened.releaseAll()) };
  } catch (error) {
    await opened.releaseAll();
    throw error;
  }

  /** Returns how to stop. */
  function startLeading(): () => Promise<void> {
    const closing = new AbortController();
    if (!settings.engine.leaderElection) {
      const leading = lead(closing.signal);
      return async () => {
        closing.abort();
        await leading;
      };
    }
    const candidate = startCandidate({
      client,
      lease: { namespace: settings.namespace, name: CLUSTER.lease },
      identity: options.identity,
      lead: async (signal) => {
        await lead(signal);
        if (!closing.signal.aborted) options.onLost(new AppError('service_unavailable', 'leadership was lost'));
      },
      onError: (error) => log.warn('the lease cannot be read or written', { error: error.message }),
    });
    return async () => {
      closing.abort();
      await candidate.close();
    };
  }
}

/** Serves the webhook as soon as it can: what stands against that may pass, and the operator has other work. */
function serveWebhook(
  { client, settings, clock, log }: ClusterOperatorOptions,
  engine: Pick<Engine, 'synced' | 'world'>,
): Running & { readonly isServing: () => boolean } {
  const stop = new AbortController();
  let webhook: Webhook | undefined;
  const { world } = engine;
  const serving = engine.synced
    .then(() =>
      retry({ ...KEYS_BACKOFF, attempts: Number.POSITIVE_INFINITY, retryable: logged }, stop.signal, async () => {
        webhook = await startWebhook({
          client,
          world: {
            server: (key) => world.server(key),
            servers: () => world.servers(),
            grantsOn: (key) => world.access.grantsOf(key),
          },
          clock,
          log,
          namespace: settings.namespace,
          listen: { host: '0.0.0.0', port: settings.webhook.port },
        });
      }),
    )
    .catch(() => {});

  function logged(error: unknown): boolean {
    log.error('the webhook cannot be served, and this is tried again', { error: asAppError(error).message });
    return true;
  }

  return {
    isServing: () => webhook !== undefined,
    ...closeOnce(async () => {
      stop.abort();
      await serving;
      await webhook?.close();
    }),
  };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
