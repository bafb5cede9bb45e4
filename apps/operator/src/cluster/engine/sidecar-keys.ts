import { createHash, hkdfSync } from 'node:crypto';
import { CLUSTER, type MCPServer, keyOf, keyText } from '@mcp-runtime/api';
import { type Clock } from '@mcp-runtime/base';
import { type ResourceClient } from '@mcp-runtime/kube';
import { workloadName } from '../plan/names.ts';
import { createImmutableSecrets } from './immutable-secrets.ts';

const KEY_BYTES = 32;
const PURPOSE = 'mcp-runtime session keys of a sidecar';
const HASH_CHARACTERS = 8;

/** Session keys for the gateways in the pods of one server: they seal what these alone open. */
export interface SidecarKeys {
  /** Name of the Secret; undefined while those of the installation are not known. */
  nameFor(server: MCPServer): string | undefined;
  /** Sees to it that the Secret is there. */
  ensure(server: MCPServer): Promise<void>;
}

interface SidecarKeysOptions {
  readonly client: ResourceClient;
  /** Session keys of the installation, once they are known. */
  readonly sessionKeys: () => string | undefined;
  readonly clock: Clock;
}

/**
 * Keys that follow from those of the installation (RFC 5869), so that nobody in the namespace of a server can open sessions of
 * another one. A Secret is named by what it holds: it never changes, and other keys are other pods. So the operator has to
 * create Secrets and may change none.
 */
export function createSidecarKeys({ client, sessionKeys, clock }: SidecarKeysOptions): SidecarKeys {
  const secrets = createImmutableSecrets(client, clock);

  function madeFor(server: MCPServer): { readonly name: string; readonly text: string } | undefined {
    const own = sessionKeys();
    if (own === undefined) return undefined;
    const text = derived(own, keyText(keyOf(server)));
    const hash = createHash('sha256').update(text).digest('hex').slice(0, HASH_CHARACTERS);
    return { name: workloadName(server.metadata.name, `-session-keys-${hash}`), text };
  }

  async function ensure(server: MCPServer): Promise<void> {
    const made = madeFor(server);
    if (made === undefined) return;
    await secrets.ensure(server, { name: made.name, data: { [CLUSTER.sessionKeys.key]: made.text } });
  }

  return { nameFor: (server) => madeFor(server)?.name, ensure };
}

function derived(sessionKeys: string, server: string): string {
  const lines = sessionKeys.split('\n').filter((line) => line.trim() !== '');
  const keys = lines.map((line) => {
    const key = hkdfSync('sha256', Buffer.from(line.trim(), 'base64url'), '', `${PURPOSE} ${server}`, KEY_BYTES);
    return Buffer.from(key).toString('base64url');
  });
  return `${keys.join('\n')}\n`;
}
