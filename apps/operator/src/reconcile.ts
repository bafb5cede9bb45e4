import { type MCPServer, type ObjectKey, asAppError, keyOf, keyText } from '@mcp-runtime/api';
import { type Clock } from '@mcp-runtime/base';
import { SERVERS } from '@mcp-runtime/control-plane';
import { type ResourceClient } from '@mcp-runtime/kube';
import { type Blocked, saysTheSame } from './conditions.ts';
import { type ShakenHands } from './handshake-status.ts';
import { type Plan, planRoute, planServer, shouldRun } from './plan.ts';
import { type PathTable } from './path-table.ts';
import { type GatewayPublisher, type Infrastructure, type Probe, type ReadSecret } from './ports.ts';
import { statusOf } from './status.ts';

interface ReconcilerOptions {
  readonly client: ResourceClient;
  readonly infrastructure: Infrastructure;
  readonly publisher: GatewayPublisher;
  readonly probe: Probe;
  readonly readSecret: ReadSecret;
  readonly clock: Clock;
  readonly server: (key: ObjectKey) => MCPServer | undefined;
  readonly paths: Pick<PathTable, 'conflict'>;
  /** Revision of the policy in force. */
  readonly revision: (key: ObjectKey) => string | undefined;
}

interface Reconciler {
  /** Observes, plans and applies one server. Rejects when it should be tried again. */
  reconcile(key: ObjectKey, signal: AbortSignal): Promise<void>;
}

/** The last handshake, and what it was made with: another process or another resource needs another one. */
interface Probed {
  readonly id: string;
  readonly outcome: NonNullable<ShakenHands>;
}

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { infrastructure, publisher, clock } = options;
  const probed = new Map<string, Probed>();
  const paths = new Map<string, string>();
  /** Whose route is published at a path. */
  const holders = new Map<string, string>();

  return {
    reconcile: async (key, signal) => {
      const server = options.server(key);
      if (server === undefined) return withdraw(key);
      const blocked = options.paths.conflict(server);
      const secrets = await readSecrets(server, options.readSecret);
      if (blocked !== undefined) return refuse(server, blocked);
      if (!secrets.ok) return refuse(server, secrets.blocked);
      await runServer(server, planServer(server, secrets.values), signal);
    },
  };

  async function runServer(server: MCPServer, plan: Plan, signal: AbortSignal): Promise<void> {
    const { key } = plan.workload;
    if (shouldRun(server)) infrastructure.ensure(plan.workload);
    else await infrastructure.remove(key);
    const state = infrastructure.state(key);
    publishRoute(server, plan);
    if (state?.phase !== 'running') {
      probed.delete(keyText(key));
      return writeStatus(server, plan, undefined);
    }
    const id = `${state.upstreamUrl} ${state.restarts} ${server.metadata.generation ?? 1}`;
    if (probed.get(keyText(key))?.id !== id) {
      await writeStatus(server, plan, undefined);
      probed.set(keyText(key), { id, outcome: await shakeHands(key, plan, signal) });
    }
    await writeStatus(server, plan, undefined);
    const outcome = probed.get(keyText(key))?.outcome;
    if (outcome?.ok === false) {
      probed.delete(keyText(key));
      throw outcome.error;
    }
  }

  async function shakeHands(key: ObjectKey, plan: Plan, signal: AbortSignal): Promise<Probed['outcome']> {
    try {
      return { ok: true, handshake: await options.probe(key, publisher.urlOf(plan.path), { signal }) };
    } catch (error) {
      return { ok: false, error: asAppError(error) };
    }
  }

  function publishRoute(server: MCPServer, plan: Plan): void {
    const id = keyText(plan.workload.key);
    if (paths.get(id) !== plan.path) unpublishRoute(id);
    paths.set(id, plan.path);
    holders.set(plan.path, id);
    publisher.publishRoute(planRoute(server, plan, infrastructure.state(plan.workload.key)));
  }

  /** Another server may have come to that path meanwhile: its route stays. */
  function unpublishRoute(id: string): void {
    const path = paths.get(id);
    paths.delete(id);
    if (path === undefined || holders.get(path) !== id) return;
    holders.delete(path);
    publisher.removeRoute(path);
  }

  async function refuse(server: MCPServer, blocked: Blocked): Promise<void> {
    await withdraw(keyOf(server));
    await writeStatus(server, planServer(server, {}), blocked);
  }

  /** The route goes first: no call may reach a server that is being stopped. */
  async function withdraw(key: ObjectKey): Promise<void> {
    unpublishRoute(keyText(key));
    probed.delete(keyText(key));
    await infrastructure.remove(key);
  }

  async function writeStatus(server: MCPServer, plan: Plan, blocked: Blocked | undefined): Promise<void> {
    const { key } = plan.workload;
    const current = options.server(key) ?? server;
    const status = statusOf(current, {
      state: infrastructure.state(key),
      shakenHands: probed.get(keyText(key))?.outcome,
      revision: options.revision(key),
      endpoint: publisher.urlOf(plan.path),
      blocked,
      now: new Date(clock()).toISOString(),
    });
    if (saysTheSame(current.status, status)) return;
    try {
      await options.client.updateStatus(SERVERS, { ...current, status });
    } catch (error) {
      const { code } = asAppError(error);
      // Changed or deleted meanwhile: that change is in the queue already.
      if (code !== 'conflict' && code !== 'not_found') throw error;
    }
  }
}

type Secrets =
  | { readonly ok: true; readonly values: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly blocked: Blocked };

async function readSecrets({ metadata, spec }: MCPServer, readSecret: ReadSecret): Promise<Secrets> {
  const values: Record<string, string> = {};
  for (const { name, secretKeyRef } of spec.secretEnvVars ?? []) {
    const value = await readSecret(metadata.namespace, secretKeyRef.name, secretKeyRef.key);
    if (value === undefined) {
      const message = `secret \`${secretKeyRef.name}\` has no key \`${secretKeyRef.key}\`, needed by \`${name}\``;
      return { ok: false, blocked: { reason: 'SecretMissing', message } };
    }
    values[name] = value;
  }
  return { ok: true, values };
}
