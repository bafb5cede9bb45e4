import { OpenedSoFar, systemClock } from '@mcp-runtime/base';
import { createLogger } from '@mcp-runtime/base/logger';
import { openSpool, redact } from '@mcp-runtime/events';
import {
  type AuditSink,
  type FollowedTokenKeys,
  type TokenKeySource,
  holdTokenKeys,
  openSessionKeys,
  pollTokenKeysUrl,
  publicAnd,
  startGateway,
  watchTokenKeysFile,
} from '@mcp-runtime/gateway';
import { type Invocation } from '../../frame/command.ts';
import { parseAddress } from '../address.ts';
import { readSettings } from './config-file.ts';
import { openTracer } from '../open-tracer.ts';
import { tlsOptions } from '../tls-flags.ts';
import { untilAborted } from '../until-aborted.ts';
import { GatewayConfig } from './gateway-config.ts';
import { type GatewaySource, type SourceOptions, openFileSource } from './gateway-source.ts';
import { watchSettings } from './gateway-reload.ts';

interface Flags {
  readonly watch: boolean;
  readonly 'watch-server': string | undefined;
  readonly 'policy-cache': string | undefined;
  readonly 'stale-after': string | undefined;
  readonly kubeconfig: string | undefined;
  readonly 'allow-upstreams-in': readonly string[];
  readonly policy: string | undefined;
  readonly upstream: string | undefined;
  readonly listen: string | undefined;
  readonly 'admin-listen': string | undefined;
  readonly 'external-url': string | undefined;
  readonly 'trusted-listen': string | undefined;
  readonly 'trusted-proxy': string | undefined;
  readonly 'tls-cert': string | undefined;
  readonly 'tls-key': string | undefined;
  readonly 'tls-client-ca': string | undefined;
  readonly 'tls-client-certificates': string | undefined;
  readonly 'trust-headers-from': readonly string[];
  readonly jwks: string | undefined;
  readonly 'session-keys': string | undefined;
  readonly 'secrets-dir': string | undefined;
  readonly 'audit-dir': string | undefined;
  readonly config: string | undefined;
}

/** Of a gateway that is in no pod. */
const WRITER = 'gateway';
/** A pod that was deleted by force may still run, for as long as its grace period, when its successor has its name and its volume. */
const LOCK_WAIT_MS = 45_000;
/** Records stay in the spool of a gateway that runs alone. */
const NOTHING_STORED = 0;

export async function run({ flags, io }: Invocation<Flags>): Promise<void> {
  const config = await readConfig(flags);
  const log = createLogger({ level: config.logLevel });
  const opened = new OpenedSoFar();
  try {
    const audit = await openAudit({ config, opened, log, writer: io.env['POD_NAME'] ?? WRITER });
    const tracing = await openTracer(config.tracing, io.env, opened);
    const source = await openSource({ config, opened, log, env: io.env });
    const tls = tlsOptions(config);
    let settings: Awaited<ReturnType<typeof watchSettings>> | undefined;
    const tokenKeys = await openTokenKeys(config.jwks, opened, log);
    const gateway = await startGateway({
      listen: parseAddress(config.listen, '--listen'),
      ...(tls === undefined ? {} : { tls }),
      ...(config.adminListen === undefined ? {} : { adminListen: parseAddress(config.adminListen, '--admin-listen') }),
      ...(config.externalUrl === undefined ? {} : { externalUrl: config.externalUrl }),
      trustHeadersFrom: config.trustHeadersFrom,
      ...(config.trustedListen === undefined
        ? {}
        : { trustedListen: parseAddress(config.trustedListen, '--trusted-listen') }),
      ...(config.trustedProxy === undefined ? {} : { trustedProxy: config.trustedProxy }),
      // Where no host is named every one is served.
      allowedHosts: config.allowedHosts.length === 0 ? [] : [...config.allowedHosts, ...source.ownHosts],
      allowedOrigins: config.allowedOrigins,
      tokenKeys,
      readSecret: source.readSecret,
      ...(source.policySource === undefined ? {} : { policySource: source.policySource }),
      ...(config.sessionKeys === undefined ? {} : { sessionKeys: await openSessionKeys(config.sessionKeys) }),
      remoteServers: { reach: publicAnd(config.allowUpstreamsIn) },
      audit,
      limits: config.limits,
      drainMs: config.drainMs,
      ...tracing,
      clock: systemClock,
      log,
      status: () => ({
        ...source.status(),
        ...(tokenKeys.fault() === undefined ? {} : { keys_error: tokenKeys.fault() }),
        ...settings?.status(),
      }),
    });
    opened.add(() => gateway.close());
    settings = await watchSettings({
      file: flags.config,
      started: config,
      read: () => readConfig(flags),
      gateway,
      log,
    });
    opened.add(() => settings?.close());
    io.stdout.write(`${await source.attach(gateway)}\n`);
    if (audit.state() === 'writable' && config.auditDir === undefined) {
      io.stderr.write('decisions are not kept: add --audit-dir DIR\n');
    }
    await untilAborted(io.signal);
  } finally {
    await opened.releaseAll();
  }
}

/** Loads only what this way needs: a gateway with a file holds no client of a cluster in memory. */
async function openSource(options: SourceOptions): Promise<GatewaySource> {
  const { config } = options;
  if (!config.watch && config.watchServer === undefined) return await openFileSource(options);
  const { openWatchSource } = await import('./gateway-watch.ts');
  return await openWatchSource(options);
}

async function readConfig(flags: Flags): Promise<GatewayConfig> {
  const given = {
    watch: flags.watch ? true : undefined,
    watchServer: flags['watch-server'],
    policyCache: flags['policy-cache'],
    staleAfter: flags['stale-after'],
    kubeconfig: flags.kubeconfig,
    allowUpstreamsIn: flags['allow-upstreams-in'].length === 0 ? undefined : flags['allow-upstreams-in'],
    policy: flags.policy,
    upstream: flags.upstream,
    listen: flags.listen,
    adminListen: flags['admin-listen'],
    externalUrl: flags['external-url'],
    trustedListen: flags['trusted-listen'],
    trustedProxy: flags['trusted-proxy'],
    tlsCert: flags['tls-cert'],
    tlsKey: flags['tls-key'],
    tlsClientCa: flags['tls-client-ca'],
    tlsClientCertificates: flags['tls-client-certificates'],
    trustHeadersFrom: flags['trust-headers-from'].length === 0 ? undefined : flags['trust-headers-from'],
    jwks: flags.jwks,
    sessionKeys: flags['session-keys'],
    secretsDir: flags['secrets-dir'],
    auditDir: flags['audit-dir'],
  };
  return readSettings(GatewayConfig, { file: flags.config, flags: given, command: 'mcp-runtime serve gateway' });
}

/** Of a file or a URL; without either no session token counts. */
async function openTokenKeys(
  place: string | undefined,
  opened: OpenedSoFar,
  log: ReturnType<typeof createLogger>,
): Promise<TokenKeySource & Pick<FollowedTokenKeys, 'fault'>> {
  if (place === undefined) return { ...holdTokenKeys({ keys: [] }), fault: () => undefined };
  const source = /^https?:/.test(place)
    ? await pollTokenKeysUrl({ url: place, clock: systemClock, log })
    : await watchTokenKeysFile({ path: place, log });
  opened.add(() => source.close());
  return source;
}

interface AuditOptions {
  readonly config: GatewayConfig;
  readonly opened: OpenedSoFar;
  readonly log: ReturnType<typeof createLogger>;
  readonly writer: string;
}

async function openAudit({ config, opened, log, writer }: AuditOptions): Promise<AuditSink> {
  const { auditDir: dir, auditFsync: fsync, auditMaxBytes: maxBytes } = config;
  if (dir === undefined) return { append: async () => {}, state: () => 'writable', redact };
  const spool = await openSpool({
    dir,
    writer,
    lockWaitMs: LOCK_WAIT_MS,
    clock: systemClock,
    log,
    fsync,
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
  opened.add(() => spool.close());
  return {
    append: (event) => spool.append(event),
    state: () => spool.state(),
    backlog: () => spool.backlog(NOTHING_STORED),
    redact,
  };
}
