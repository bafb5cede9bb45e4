import { type Clock, type Logger } from '@mcp-runtime/base';
import { type SigningKey } from '@mcp-runtime/control-plane';
import { type ResourceClient } from '@mcp-runtime/kube';
import { type ClusterKeys, SETTLE_MS, openClusterKeys } from './keys.ts';

export interface KeptKeys {
  current(): ClusterKeys | undefined;
  /** Signs with a key that every gateway has had time to hear of. */
  signingKey(): SigningKey | undefined;
  /** Reads the keys; rejects as `openClusterKeys` does. */
  look(): Promise<void>;
  /** Looks again every half minute, until the signal. */
  follow(signal: AbortSignal): void;
}

interface KeepOptions {
  readonly client: ResourceClient;
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** The keys are others than before. */
  readonly onChange: () => void;
}

const LOOK_AGAIN_MS = 30_000;

/** Follows the keys of the installation, and rotates them when somebody asks for it, for the one replica that leads. */
export function keepKeys({ client, namespace, clock, log, onChange }: KeepOptions): KeptKeys {
  let known: ClusterKeys | undefined;
  let text: string | undefined;
  let replaced: { readonly key: SigningKey; readonly until: number } | undefined;

  async function look(): Promise<void> {
    const next = await openClusterKeys(client, namespace, clock);
    if (next.replaced !== undefined) replaced = { key: next.replaced, until: clock() + SETTLE_MS };
    const before = text;
    known = next;
    // Public keys also go by themselves, when no token of them can live.
    text = textOf(next);
    if (before === undefined || before === text) return;
    log.info('the keys of the installation are others', { signingKey: next.ring.signingKey().keyId });
    onChange();
  }

  return {
    current: () => known,
    signingKey: () => (replaced !== undefined && clock() < replaced.until ? replaced.key : known?.ring.signingKey()),
    look,
    follow: (signal) => {
      const timer = setInterval(() => {
        look().catch((error: unknown) =>
          log.warn('the keys of the installation cannot be read for now', { error: String(error) }),
        );
      }, LOOK_AGAIN_MS).unref();
      signal.addEventListener('abort', () => clearInterval(timer), { once: true });
    },
  };
}

function textOf({ ring, sessionKeys }: ClusterKeys): string {
  return JSON.stringify([ring.publicKeys(), sessionKeys]);
}
