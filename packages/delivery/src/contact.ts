import { CLUSTER } from '@mcp-runtime/api';
import { type Clock } from '@mcp-runtime/base';
import { CONFIG_MAPS, type ResourceClient } from '@mcp-runtime/kube';
import { type DeliveryScope, type FollowStatus } from './follow.ts';
import { policyName } from './layout.ts';

/** When it was last known that nothing was missed. */
export interface Contact {
  /** For one watch: how its connection stands is to be told to what this returns. */
  follow(): (state: 'live' | 'cut') => void;
  /** Something came. */
  heard(): void;
  status(): Pick<FollowStatus, 'connected' | 'lastContactAt'>;
}

interface ContactOptions {
  readonly client: ResourceClient;
  readonly scope: DeliveryScope;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly heartbeatMs: number | undefined;
  /** The API ceased to answer: connections that are open may be dead as well. */
  readonly onSilence: () => void;
}

const HEARTBEAT_MS = 5000;

/**
 * A watch on which nothing changes is silent for a minute, and one whose connection is dead as well. So the API is asked for
 * one small object every few seconds: silence then means that nothing happened, as long as it answers.
 */
export function createContact(options: ContactOptions): Contact {
  const { client, scope, clock, signal, heartbeatMs = HEARTBEAT_MS, onSilence } = options;
  const live: boolean[] = [];
  let lastContactAt: number | undefined;
  let answers = true;
  let isAsking = false;
  const isLive = (): boolean => live.length > 0 && live.every((one) => one);
  const heard = (): void => {
    if (isLive()) lastContactAt = clock();
  };

  async function ask(): Promise<void> {
    if (isAsking) return;
    isAsking = true;
    const answered = answers;
    answers = await client.get(CONFIG_MAPS, askedFor(scope)).then(
      () => true,
      () => false,
    );
    if (answers) heard();
    else if (answered) onSilence();
    isAsking = false;
  }

  const timer = setInterval(() => void ask(), heartbeatMs).unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  return {
    follow: () => {
      const index = live.push(false) - 1;
      return (state) => {
        live[index] = state === 'live';
        heard();
      };
    },
    heard,
    status: () => ({ connected: isLive() && answers, lastContactAt }),
  };
}

/** Whether it is there does not matter. */
function askedFor(scope: DeliveryScope): { readonly namespace: string; readonly name: string } {
  if (scope.placement === 'sidecar') return { ...scope.server, name: policyName(scope.server.name) };
  return { namespace: scope.namespace ?? CLUSTER.namespace, name: CLUSTER.gateway };
}
