import { type AppError } from '@mcp-runtime/api';
import { OpenedSoFar, readSecretFile, systemClock } from '@mcp-runtime/base';
import { createLogger } from '@mcp-runtime/base/logger';
import { openSpool, redact } from '@mcp-runtime/events';
import {
  type AuditSink,
  type ReadSecret,
  type FollowedTokenKeys,
  type TokenKeySource,
  holdPolicy,
  holdTokenKeys,
  openSessionKeys,
  pollTokenKeysUrl,
  startGateway,
  undeclaredIdentity,
  watchPolicyFile,
  watchTokenKeysFile,
} from '@mcp-runtime/gateway';
import { type CommandIo } from '../frame/command.ts';
import { parseAddress } from './address.ts';
import { readSettings } from './config-file.ts';
import { openTracer } from './open-tracer.ts';
import { tlsOptions } from './tls-flags.ts';
import { untilAborted } from './until-aborted.ts';
import { GatewayConfig } from './serve-gateway-config.ts';
import { watchSettings } from './serve-gateway-reload.ts';

interface Flags {
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

const PUBLIC_PATH = '/mcp';
const WRITER = 'gateway';
/** Records stay in the spool of a gateway that runs alone. */
const NOTHING_STORED = 0;

export async function run({ flags, io }: { readonly flags: Flags; readonly io: CommandIo }): Promise<void> {
  const config = await readConfig(flags);
  const log = createLogger({ level: config.logLevel });
  const opened = new OpenedSoFar();
  try {
    const audit = await openAudit(config, opened, log);
    const tracing = await openTracer(config.tracing, io.env, opened);
    const holder = holdPolicy();
    const policyFile = await watchPolicyFile({ path: config.policy, holder, log });
    opened.add(() => policyFile.close());
    const tls = tlsOptions(config);
    const identityFault = (): AppError | undefined => {
      const policy = holder.current();
      return policy && undeclaredIdentity(policy, declaredBy(config));
    };
    const fault = identityFault();
    if (fault !== undefined) throw fault;
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
      allowedHosts: config.allowedHosts,
      allowedOrigins: config.allowedOrigins,
      tokenKeys,
      readSecret: secretsIn(config.secretsDir, () => holder.current()?.server.namespace),
      ...(config.sessionKeys === undefined ? {} : { sessionKeys: await openSessionKeys(config.sessionKeys) }),
      audit,
      limits: config.limits,
      drainMs: config.drainMs,
      ...tracing,
      clock: systemClock,
      log,
      status: () => {
        const { loadedAt, lastError } = policyFile.status();
        const undeclared = identityFault();
        return {
          loaded_at: loadedAt,
          ...(lastError === undefined ? {} : { last_reload_error: lastError }),
          ...(tokenKeys.fault() === undefined ? {} : { keys_error: tokenKeys.fault() }),
          ...(undeclared === undefined ? {} : { identity_error: undeclared.message }),
          ...settings?.status(),
        };
      },
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
    const server = holder.current()?.server;
    gateway.routes.set({
      path: PUBLIC_PATH,
      key: { namespace: server?.namespace ?? '', name: server?.name ?? '' },
      upstream: new URL(config.upstream),
      policy: holder,
      audit: { arguments: config.auditArguments, strict: config.strictAudit },
      eventSource: `${server?.name ?? 'mcp'}-gateway`,
    });
    io.stdout.write(`gateway of ${server?.namespace}/${server?.name} at ${gateway.url}${PUBLIC_PATH}\n`);
    if (audit.state() === 'writable' && config.auditDir === undefined) {
      io.stderr.write('decisions are not kept: add --audit-dir DIR\n');
    }
    await untilAborted(io.signal);
  } finally {
    await opened.releaseAll();
  }
}

function declaredBy(config: GatewayConfig): Parameters<typeof undeclaredIdentity>[1] {
  const { trustHeadersFrom, trustedListen, trustedProxy, jwks, tlsClientCa } = config;
  return {
    hop: trustHeadersFrom.length > 0 || trustedListen !== undefined || trustedProxy !== undefined,
    tokenKeys: jwks !== undefined,
    clientAuthorities: tlsClientCa !== undefined,
  };
}

async function readConfig(flags: Flags): Promise<GatewayConfig> {
  const given = {
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

/** Secrets of the server's own namespace: a folder for each, as a cluster mounts them. */
function secretsIn(dir: string | undefined, namespaceOfServer: () => string | undefined): ReadSecret {
  return async ({ namespace, name, key }) =>
    dir === undefined || namespace !== namespaceOfServer() ? undefined : readSecretFile(dir, [name, key]);
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

async function openAudit(
  { auditDir: dir, auditFsync: fsync, auditMaxBytes: maxBytes }: GatewayConfig,
  opened: OpenedSoFar,
  log: ReturnType<typeof createLogger>,
): Promise<AuditSink> {
  if (dir === undefined) return { append: async () => {}, state: () => 'writable', redact };
  const spool = await openSpool({
    dir,
    writer: WRITER,
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
