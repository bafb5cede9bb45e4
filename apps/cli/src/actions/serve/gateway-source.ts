import { type AppError } from '@mcp-runtime/api';
import { type OpenedSoFar, readSecretFile } from '@mcp-runtime/base';
import { type LeveledLogger } from '@mcp-runtime/base/logger';
import {
  type Gateway,
  type GatewayOptions,
  type ReadSecret,
  holdPolicy,
  undeclaredIdentity,
  watchPolicyFile,
} from '@mcp-runtime/gateway';
import { type GatewayConfig } from './gateway-config.ts';

/** Where the routes and policies of a gateway come from. */
export interface GatewaySource {
  readonly readSecret: ReadSecret;
  readonly policySource?: GatewayOptions['policySource'];
  /** Names under which the gateway is reached where it runs, beside those of the configuration. */
  readonly ownHosts: readonly string[];
  /** For `/config/status`. */
  status(): Readonly<Record<string, unknown>>;
  /** Gives the gateway its routes from now on. Resolves with what is said when it serves. */
  attach(gateway: Gateway): Promise<string>;
}

export interface SourceOptions {
  readonly config: GatewayConfig;
  readonly opened: OpenedSoFar;
  readonly log: LeveledLogger;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const PUBLIC_PATH = '/mcp';

/** One server, whose policy is a file. Rejects with `invalid_config` when nobody could prove to the gateway who they are. */
export async function openFileSource({ config, opened, log }: SourceOptions): Promise<GatewaySource> {
  const { policy: path = '', upstream = '' } = config;
  const holder = holdPolicy();
  const policyFile = await watchPolicyFile({ path, holder, log });
  opened.add(() => policyFile.close());
  const identityFault = (): AppError | undefined => {
    const policy = holder.current();
    return policy && undeclaredIdentity(policy, declaredBy(config));
  };
  const fault = identityFault();
  if (fault !== undefined) throw fault;
  return {
    readSecret: secretsIn(config.secretsDir, () => holder.current()?.server.namespace),
    ownHosts: [],
    status: () => {
      const { loadedAt, lastError } = policyFile.status();
      const undeclared = identityFault();
      return {
        loaded_at: loadedAt,
        ...(lastError === undefined ? {} : { last_reload_error: lastError }),
        ...(undeclared === undefined ? {} : { identity_error: undeclared.message }),
      };
    },
    attach: async (gateway) => {
      const server = holder.current()?.server;
      gateway.routes.set({
        path: PUBLIC_PATH,
        key: { namespace: server?.namespace ?? '', name: server?.name ?? '' },
        upstream: new URL(upstream),
        policy: holder,
        audit: { arguments: config.auditArguments, strict: config.strictAudit },
        eventSource: `${server?.name ?? 'mcp'}-gateway`,
      });
      return `gateway of ${server?.namespace}/${server?.name} at ${gateway.url}${PUBLIC_PATH}`;
    },
  };
}

export function declaredBy(config: GatewayConfig): Parameters<typeof undeclaredIdentity>[1] {
  const { trustHeadersFrom, trustedListen, trustedProxy, jwks, tlsClientCa } = config;
  return {
    hop: trustHeadersFrom.length > 0 || trustedListen !== undefined || trustedProxy !== undefined,
    tokenKeys: jwks !== undefined,
    clientAuthorities: tlsClientCa !== undefined,
  };
}

/** Secrets of the server's own namespace: a folder for each, as a cluster mounts them. */
export function secretsIn(dir: string | undefined, namespaceOfServer: () => string | undefined): ReadSecret {
  return async ({ namespace, name, key }) =>
    dir === undefined || namespace !== namespaceOfServer() ? undefined : readSecretFile(dir, [name, key]);
}
