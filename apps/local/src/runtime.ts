import { randomUUID } from 'node:crypto';
import {
  AppError,
  type AuditEvent,
  DEFAULT_NAMESPACE,
  type MCPServer,
  type RuntimeStatus,
  asAppError,
  resolveServer,
  serverAudience,
} from '@mcp-runtime/api';
import {
  type Clock,
  type ListenAddress,
  type Logger,
  OpenedSoFar,
  type Running,
  type Tracer,
  closeOnce,
  isLoopbackAddress,
} from '@mcp-runtime/base';
import { startBridge } from '@mcp-runtime/bridge';
import { SERVERS, issueSessionToken, keyFile, openKeyRing, signProbeToken } from '@mcp-runtime/control-plane';
import {
  DEFAULT_LIMITS,
  type TlsOptions,
  createRefusalLog,
  holdTokenKeys,
  openSessionKeys,
  publicAnd,
  startGateway,
} from '@mcp-runtime/gateway';
import { type ResourceStore, openSqliteStore } from '@mcp-runtime/kube';
import { type Operator, createProbe, startAccessController, startOperator } from '@mcp-runtime/operator';
import { type StartBridge, startHost } from '@mcp-runtime/operator/host';
import { startPlatformApi } from '@mcp-runtime/platform-api';
import { openAuditLog } from './audit-log.ts';
import {
  type DataDir,
  dataDirAt,
  gatewayOfRunning,
  openAdminToken,
  prepareDataDir,
  removeRuntimeFile,
  secretOf,
  writeRuntimeFile,
} from './data-dir.ts';
import { publishTo } from './gateway-publisher.ts';

export interface LocalRuntimeOptions {
  readonly dataDir: string;
  readonly version: string;
  readonly listen: ListenAddress;
  readonly apiListen: ListenAddress;
  readonly trustHeadersFrom: readonly string[];
  /** Ranges beside the internet in which servers of `source.url` may be; on this machine they may be where the URL says so. */
  readonly allowUpstreamsIn: readonly string[];
  /** For the proxy in front and nobody else: its identity headers are believed. */
  readonly trustedListen?: ListenAddress;
  /** SPIFFE id of the proxy in front, by its client certificate. */
  readonly trustedProxy?: string;
  /** For `listen`; plain HTTP without it. */
  readonly tls?: TlsOptions;
  /** Folders whose `node_modules` may already hold packages. */
  readonly packageRoots: readonly string[];
  /** Environment of this process, to find tools with. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Nothing is traced unless given. */
  readonly tracer?: Tracer;
  readonly log: Logger;
  /** What is being prepared, for people. */
  readonly onProgress: (server: string, text: string) => void;
  /** Somebody asked through the API that the runtime stops. */
  readonly onShutdownAsked: () => void;
}

export interface LocalRuntime extends Running {
  readonly apiUrl: string;
  readonly gatewayUrl: string;
  readonly instance: string;
  readonly resources: ResourceStore;
  servers(): Promise<readonly MCPServer[]>;
  /** A token for an agent session of the default namespace, and where it can be used. */
  sessionToken(name: string): Promise<{ readonly token: string; readonly endpoint: string }>;
  /** Calls `listener` with each audit event once it is durable. Returns how to stop. */
  onEvent(listener: (event: AuditEvent) => void): () => void;
}

/** Somebody waits for Ctrl-C. */
const DRAIN_MS = 2000;
const BRIDGE_IDLE_MS = 30 * 60_000;
const BRIDGE_MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const PROBE_TOKEN_MS = 60_000;
const SESSION_TOKEN_SECONDS = 600;
const RETENTION = { expiredSessionsMs: 7 * 24 * 3_600_000 };

/**
 * The whole runtime in this process. Rejects with `data_in_use`, `data_corrupt`, `port_in_use`, `disk_full` or
 * `invalid_config`; then nothing is left running.
 */
export async function startLocalRuntime(options: LocalRuntimeOptions): Promise<LocalRuntime> {
  const opened = new OpenedSoFar();
  try {
    return await open(options, opened);
  } catch (error) {
    await opened.releaseAll();
    throw error;
  }
}

async function openResources(dataDir: DataDir, clock: Clock): Promise<ResourceStore> {
  try {
    return openSqliteStore({ path: dataDir.resources, clock });
  } catch (error) {
    const other = asAppError(error).code === 'data_in_use' ? await gatewayOfRunning(dataDir) : undefined;
    if (other === undefined) throw error;
    throw new AppError('data_in_use', `a runtime is up already with the data folder \`${dataDir.root}\`, at ${other}`, {
      next: '`mcp-runtime status` shows it, `mcp-runtime down` stops it; one more needs --data-dir and ports of its own',
    });
  }
}

async function open(options: LocalRuntimeOptions, opened: OpenedSoFar): Promise<LocalRuntime> {
  const { clock, log } = options;
  const dataDir = dataDirAt(options.dataDir);
  const instance = randomUUID();
  const startedAt = new Date(clock()).toISOString();
  await prepareDataDir(dataDir);
  // The lock on this file is what makes the folder ours: everything else comes after it.
  const resources = await openResources(dataDir, clock);
  opened.add(() => resources.close());
  const audit = await openAuditLog(dataDir, clock, log);
  opened.add(() => audit.close());
  const [keyRing, adminToken] = await Promise.all([
    openKeyRing(keyFile(dataDir.signingKey), clock),
    openAdminToken(dataDir),
  ]);
  const tokenKeys = holdTokenKeys(keyRing.publicKeys());
  keyRing.subscribe((keys) => tokenKeys.publish(keys));
  const gateway = await startGateway({
    listen: options.listen,
    // The certificate is made out to the name that clients use, which the readiness check does not.
    ...(options.tls === undefined ? {} : { tls: options.tls, probeListen: { host: '127.0.0.1', port: 0 } }),
    trustHeadersFrom: options.trustHeadersFrom,
    remoteServers: { reach: publicAnd(options.allowUpstreamsIn, 'loopback-by-name') },
    ...(options.trustedListen === undefined ? {} : { trustedListen: options.trustedListen }),
    ...(options.trustedProxy === undefined ? {} : { trustedProxy: options.trustedProxy }),
    allowedHosts: [],
    allowedOrigins: [],
    tokenKeys,
    readSecret: (ref) => secretOf(dataDir, ref),
    sessionKeys: await openSessionKeys(dataDir.sessionKeys),
    audit: audit.sink,
    limits: DEFAULT_LIMITS,
    drainMs: DRAIN_MS,
    ...(options.tracer === undefined ? {} : { tracer: options.tracer }),
    clock,
    log,
  });
  opened.add(() => gateway.close());
  const publisher = publishTo(gateway, clock);
  let operator: Operator | undefined;
  const host = await startHost({
    dataDir: dataDir.root,
    instance: 'local',
    clock,
    log,
    env: options.env,
    packageRoots: options.packageRoots,
    startBridge: bridgeWith(options),
    onChange: (key) => operator?.onHostChange(key),
    onProgress: (key, text) => options.onProgress(key.name, text),
  });
  opened.add(() => host.close());
  // Calls in progress finish while their servers still run.
  opened.add(() => gateway.close());
  const probe = createProbe({
    version: options.version,
    token: async ({ namespace, name }) => {
      const life = { issuedAtMs: clock(), expiresAtMs: clock() + PROBE_TOKEN_MS };
      return (await signProbeToken(keyRing.signingKey(), serverAudience(namespace, name), life)).token;
    },
  });
  operator = await startOperator({
    client: resources,
    infrastructure: host,
    publisher,
    probe: (key, url, how) => probe(key, url.replace(gateway.url, gateway.probeUrl), how),
    readSecret: async (namespace, name, key) => (await secretOf(dataDir, { namespace, name, key }))?.reveal(),
    clock,
    log,
  });
  opened.add(() => operator?.close());
  const access = await startAccessController({ client: resources, retention: RETENTION, clock, log });
  opened.add(() => access.close());
  const servers = async (): Promise<readonly MCPServer[]> => (await resources.list(SERVERS)).items;
  const status = async (): Promise<RuntimeStatus> => {
    const all = await servers();
    const ready = all.filter(({ status: of }) => of?.phase === 'Ready').length;
    return {
      instance,
      version: options.version,
      pid: process.pid,
      startedAt,
      gatewayUrl: gateway.url,
      apiUrl: api.url,
      dataDir: dataDir.root,
      servers: { ready, total: all.length },
      audit: { writable: audit.sink.state() === 'writable', events: await audit.events.store.count() },
    };
  };
  const refusals = createRefusalLog({ audit: audit.sink, source: 'platform-api', clock, log });
  opened.add(() => refusals.close());
  const api = await startPlatformApi(options.apiListen, {
    client: resources,
    events: audit.events,
    logs: {
      read: (key, tail) => host.logs(key, { tail }),
      follow: (key, signal, onLine) => host.followLogs(key, { signal, onLine }),
    },
    keyRing,
    adminToken,
    policy: (key) => publisher.document(key),
    status,
    urlOf: (path) => publisher.urlOf(path),
    recordRefusal: (refusal) => refusals.record(refusal),
    shutDown: options.onShutdownAsked,
    hosts: {
      allowedHosts: [],
      allowedOrigins: [],
      scope: isLoopbackAddress(options.apiListen.host) ? 'loopback' : 'network',
    },
    clock,
    log,
  });
  opened.add(() => api.close());
  await writeRuntimeFile(dataDir, { pid: process.pid, instance, apiUrl: api.url, gatewayUrl: gateway.url });
  opened.add(() => removeRuntimeFile(dataDir));
  return {
    apiUrl: api.url,
    gatewayUrl: gateway.url,
    instance,
    resources,
    servers,
    sessionToken: async (name) => {
      const key = { namespace: DEFAULT_NAMESPACE, name };
      const options = { client: resources, key: keyRing.signingKey(), ttlSeconds: SESSION_TOKEN_SECONDS, now: clock() };
      const { token, server } = await issueSessionToken(key, options);
      return { token, endpoint: publisher.urlOf(resolveServer(server).publicPath) };
    },
    onEvent: (listener) => audit.events.subscribe(listener),
    ...closeOnce(() => opened.releaseAll()),
  };
}

function bridgeWith({ clock, log }: LocalRuntimeOptions): StartBridge {
  return (request) =>
    startBridge({
      ...request,
      listen: { host: '127.0.0.1', port: 0 },
      idleTimeoutMs: BRIDGE_IDLE_MS,
      maxMessageBytes: BRIDGE_MAX_MESSAGE_BYTES,
      clock,
      log,
    });
}
