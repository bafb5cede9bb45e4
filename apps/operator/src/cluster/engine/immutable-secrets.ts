import { FIELD_MANAGERS, LABELS, MANAGED_BY, type MCPServer, asAppError } from '@mcp-runtime/api';
import { type Clock } from '@mcp-runtime/base';
import { type ResourceClient, SECRETS } from '@mcp-runtime/kube';
import { workloadName } from '../plan/names.ts';
import { ownedMetadata } from '../plan/object.ts';

/** A Secret of a server that is named by what it holds: it never changes. */
export interface ImmutableSecret {
  readonly name: string;
  readonly data: Readonly<Record<string, string>>;
}

/** Secrets that are created and never changed, so that the operator may change none. */
export interface ImmutableSecrets {
  /** Sees to it that the Secret is there. It goes with its server. */
  ensure(server: MCPServer, secret: ImmutableSecret): Promise<void>;
}

const LOOK_AGAIN_MS = 60_000;

export function createImmutableSecrets(client: ResourceClient, clock: Clock): ImmutableSecrets {
  const seenAt = new Map<string, number>();

  async function ensure(server: MCPServer, { name, data }: ImmutableSecret): Promise<void> {
    const { ownerReferences, namespace } = ownedMetadata(server);
    const id = `${server.metadata.uid ?? ''} ${name}`;
    if (clock() - (seenAt.get(id) ?? Number.NEGATIVE_INFINITY) < LOOK_AGAIN_MS) return;
    if ((await client.get(SECRETS, { namespace, name })) === undefined) {
      const labels = { [LABELS.managedBy]: MANAGED_BY, [LABELS.server]: workloadName(server.metadata.name) };
      const secret = {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'Opaque',
        immutable: true,
        metadata: { name, namespace, labels, ...(ownerReferences === undefined ? {} : { ownerReferences }) },
        data: Object.fromEntries(
          Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
        ),
      };
      await client.create(SECRETS, secret, { fieldManager: FIELD_MANAGERS.operator }).catch(unlessThere);
    }
    seenAt.set(id, clock());
  }

  return { ensure };
}

function unlessThere(error: unknown): void {
  if (asAppError(error).code !== 'already_exists') throw error;
}
