import { type KubeObject, type ResourceClient, type ResourceType } from '@mcp-runtime/kube';
import { type Applier, type ApplyOutcome, type Desired } from './apply.ts';
import { textOf } from './kinds.ts';

/** The objects of servers, written and removed; what was done is counted. */
export interface Writer {
  apply(type: ResourceType<KubeObject>, desired: Desired, observed: KubeObject | undefined): Promise<KubeObject>;
  /** Removes objects, each only if it is still the one that was seen. */
  prune(objects: readonly KubeObject[]): Promise<void>;
}

export interface Written {
  readonly kind: string;
  readonly action: Exclude<ApplyOutcome, 'kept'> | 'deleted';
  /** For people: `Deployment team-a/files`. */
  readonly text: string;
  readonly object: KubeObject;
}

interface WriterOptions {
  readonly client: ResourceClient;
  readonly applier: Applier;
  readonly typeOf: (object: KubeObject) => ResourceType<KubeObject> | undefined;
  readonly onWritten: (written: Written) => void;
}

export function createWriter({ client, applier, typeOf, onWritten }: WriterOptions): Writer {
  return {
    apply: async (type, desired, observed) => {
      const { outcome, object } = await applier.apply(type, desired, observed);
      if (outcome !== 'kept') onWritten({ kind: type.kind, action: outcome, text: textOf(object), object });
      return object;
    },
    prune: async (objects) => {
      for (const object of objects) {
        const type = typeOf(object);
        if (type === undefined || object.metadata.deletionTimestamp !== undefined) continue;
        const { uid } = object.metadata;
        await client.delete(type, object.metadata, uid === undefined ? {} : { uid });
        applier.forget(object);
        onWritten({ kind: type.kind, action: 'deleted', text: textOf(object), object });
      }
    },
  };
}
