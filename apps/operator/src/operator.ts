import { type AppError, type MCPServer, type ObjectKey, type Resource, keyOf, keyText } from '@mcp-runtime/api';
import { type Clock, type Logger, OpenedSoFar, type Running, closeOnce } from '@mcp-runtime/base';
import { GRANTS, SERVERS, SESSIONS } from '@mcp-runtime/control-plane';
import { type ResourceClient, type StateView, watchState } from '@mcp-runtime/kube';
import { createPathTable } from './path-table.ts';
import { createPolicyLoop } from './policy-loop.ts';
import { type GatewayPublisher, type Infrastructure, type Probe, type ReadSecret } from './ports.ts';
import { createReconciler } from './reconcile.ts';
import { createWorkQueue } from './work-queue.ts';

export interface OperatorOptions {
  readonly client: ResourceClient;
  readonly infrastructure: Infrastructure;
  readonly publisher: GatewayPublisher;
  readonly probe: Probe;
  readonly readSecret: ReadSecret;
  /** Name of the cluster in policy documents. */
  readonly cluster?: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Operator extends Running {
  /** The infrastructure tells that a server's state changed. */
  onHostChange(key: ObjectKey): void;
}

const BACKOFF = { initialMs: 200, factor: 2, maxMs: 30_000 };

/** Makes servers run, governed as their resources say. Resolves when the policies of all servers are in force. */
export async function startOperator(options: OperatorOptions): Promise<Operator> {
  const { client, publisher, log } = options;
  const opened = new OpenedSoFar();
  const stop = new AbortController();
  opened.add(() => stop.abort());
  const watching = {
    signal: stop.signal,
    onError: (error: AppError) => log.warn('watching failed', { error: error.message }),
  };
  const paths = createPathTable();
  const policies = createPolicyLoop({
    server: (key) => servers.get(key),
    publisher,
    cluster: options.cluster,
    log,
  });
  const reconciler = createReconciler({
    ...options,
    server: (key) => servers.get(key),
    paths,
    revision: (key) => policies.revision(key),
  });
  const queue = createWorkQueue({
    work: (key, signal) => reconciler.reconcile(key, signal),
    backoff: BACKOFF,
    onError: (key, error) =>
      log.warn('reconciling failed and is tried again', { server: keyText(key), error: String(error) }),
  });
  opened.add(() => queue.close());
  /** A status is our own writing: only what somebody asks for is news. */
  const seen = new Map<string, string>();
  const isNews = ({ kind, metadata }: Resource): boolean => {
    const { uid, generation, labels } = metadata;
    const version = JSON.stringify([uid, generation, labels]);
    const id = `${kind}/${keyText(keyOf({ metadata }))}`;
    const before = seen.get(id);
    seen.set(id, version);
    return before !== version;
  };
  const grants = watchState(client, GRANTS, {
    ...watching,
    onChange: (change) => {
      if (isNews(change.object) || change.type !== 'modified') policies.onAccess(change);
    },
  });
  const sessions = watchState(client, SESSIONS, {
    ...watching,
    onChange: (change) => {
      if (isNews(change.object) || change.type !== 'modified') policies.onAccess(change);
    },
  });
  const servers: StateView<MCPServer> = watchState(client, SERVERS, {
    ...watching,
    onChange: (change) => {
      const { type, object } = change;
      const key = keyOf(object);
      for (const rival of paths.take(change)) queue.add(rival);
      const before = policies.revision(key);
      policies.onServer(key);
      // What a status tells about the tools may have changed the policy, whose revision is part of the status.
      if (type !== 'modified' || isNews(object) || policies.revision(key) !== before) queue.add(key);
    },
  });
  await Promise.all([grants.synced, sessions.synced, servers.synced]);
  return { ...closeOnce(() => opened.releaseAll()), onHostChange: (key) => queue.add(key) };
}
