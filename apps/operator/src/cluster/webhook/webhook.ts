import { once } from 'node:events';
import { CLUSTER, asAppError } from '@mcp-runtime/api';
import { type Clock, type ListenAddress, type Logger, type Running, closeOnce, listenOn } from '@mcp-runtime/base';
import { type ResourceClient } from '@mcp-runtime/kube';
import { type CertificateOptions, type Served, currentCertificate } from './certificate/keeper.ts';
import { ROTATION, type RotationRules } from './certificate/rotation.ts';
import { judge } from './judge.ts';
import { createListener, tlsOf } from './listener.ts';
import { type World } from './world.ts';

export interface WebhookOptions {
  readonly client: ResourceClient;
  readonly world: World;
  readonly clock: Clock;
  readonly log: Logger;
  /** Namespace of the installation. */
  readonly namespace: string;
  readonly listen: ListenAddress;
  /** Name of the ValidatingWebhookConfiguration; the one of the installation when absent. */
  readonly configuration?: string;
  /** Further names or addresses that API servers may call. */
  readonly hosts?: readonly string[];
  readonly rotation?: Partial<Omit<RotationRules, 'hosts'>>;
}

export interface Webhook extends Running {
  readonly port: number;
  /** Looks at once whether the certificate is due, which happens by itself every minute. */
  renew(): Promise<void>;
}

const CHECK_MS = 60_000;

/**
 * Judges servers, grants and sessions before they are written (Kubernetes documentation, "Dynamic Admission Control"). It
 * makes, publishes and renews its own certificate. Resolves when it can be called; any number of replicas may serve.
 */
export async function startWebhook(options: WebhookOptions): Promise<Webhook> {
  const { namespace, world, clock, log, listen } = options;
  const certificate: CertificateOptions = {
    client: options.client,
    namespace,
    configuration: options.configuration ?? CLUSTER.webhook,
    rules: { ...ROTATION, ...options.rotation, hosts: hostsOf(namespace, options.hosts) },
    clock,
    log,
  };
  let served: Served = await currentCertificate(certificate);
  const server = createListener(served, (proposed) => judge(proposed, world, clock()), log);
  const renew = async (): Promise<void> => {
    const next = await currentCertificate(certificate);
    if (next.certificate === served.certificate) return;
    server.setSecureContext(tlsOf(next));
    served = next;
  };
  const port = await listenOn(server, listen);
  const timer = setInterval(() => {
    renew().catch((error: unknown) =>
      log.warn('webhook certificate not renewed', { reason: asAppError(error).message }),
    );
  }, CHECK_MS);
  timer.unref();
  return {
    port,
    renew,
    ...closeOnce(async () => {
      clearInterval(timer);
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await closed;
    }),
  };
}

/** As the API server calls its Service; other forms are for people. */
function hostsOf(namespace: string, more: readonly string[] = []): readonly string[] {
  const service = `${CLUSTER.webhook}.${namespace}.svc`;
  return [service, `${service}.cluster.local`, ...more];
}
