import { type ObjectKey } from '@mcp-runtime/api';
import { type Clock, type Logger } from '@mcp-runtime/base';
import { type ResourceClient, SECRETS } from '@mcp-runtime/kube';
import { certificateName } from '../plan/mtls.ts';
import { type OperatorSettings } from '../settings.ts';
import { AUTHORITY_RULES, type AuthorityMaterial } from './authority.ts';
import { currentAuthority } from './keeper.ts';

export interface KeptAuthority {
  /** Undefined where certificates are issued by somebody else, and while it could not be read. */
  current(): AuthorityMaterial | undefined;
  /** PEM of the authorities that vouch for the gateway of a server. */
  trustedFor(server: ObjectKey): Promise<string>;
  /** Resolves after the first look; from then on there is one each minute, until the signal. Never rejects. */
  start(signal: AbortSignal): Promise<void>;
}

interface KeepOptions {
  readonly client: ResourceClient;
  readonly settings: Pick<OperatorSettings, 'mtls' | 'namespace'>;
  readonly clock: Clock;
  readonly log: Logger;
}

const LOOK_AGAIN_MS = 60_000;

/** Follows the authority of the installation for the one replica that leads. */
export function keepAuthority({ client, settings, clock, log }: KeepOptions): KeptAuthority {
  const isOurs = settings.mtls.issuer === 'builtin';
  let known: AuthorityMaterial | undefined;

  async function look(): Promise<void> {
    try {
      known = await currentAuthority({ client, namespace: settings.namespace, rules: AUTHORITY_RULES, clock, log });
    } catch (error) {
      log.error('the authority for TLS of gateways cannot be kept, and this is tried again', { error: String(error) });
    }
  }

  return {
    current: () => known,
    trustedFor: async ({ namespace, name }) => {
      if (isOurs) return (known?.trusted ?? []).join('');
      const secret = await client.get(SECRETS, { namespace, name: certificateName({ name }) });
      return Buffer.from(secret?.data?.['ca.crt'] ?? '', 'base64').toString();
    },
    start: async (signal) => {
      if (!isOurs) return;
      await look();
      const timer = setInterval(() => void look(), LOOK_AGAIN_MS).unref();
      signal.addEventListener('abort', () => clearInterval(timer), { once: true });
    },
  };
}
