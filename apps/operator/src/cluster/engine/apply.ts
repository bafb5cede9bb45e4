import { createHash } from 'node:crypto';
import { ANNOTATIONS, FIELD_MANAGERS } from '@mcp-runtime/api';
import { isRecord } from '@mcp-runtime/base';
import { type KubeObject, type ResourceClient, type ResourceType } from '@mcp-runtime/kube';
import { idOf } from './kinds.ts';
import { ownsAll } from './ownership.ts';

/** A configuration for server-side apply: the fields that we own, and no others. */
export interface Desired {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly annotations?: Readonly<Record<string, string>> | undefined;
  };
  readonly spec?: unknown;
}

/** `repaired`: it had been applied before, and somebody had changed it since. `kept`: nothing was asked of the API. */
export type ApplyOutcome = 'created' | 'configured' | 'repaired' | 'unchanged' | 'kept';

export interface Applier {
  /** Makes the object be as desired. Asks the API only when it differs from what is observed. */
  apply(
    type: ResourceType<KubeObject>,
    desired: Desired,
    observed: KubeObject | undefined,
  ): Promise<{ readonly outcome: ApplyOutcome; readonly object: KubeObject }>;
  /** Whether what is observed is just what the last apply left. */
  isOwnWriting(object: KubeObject): boolean;
  /** Forgets an object that is gone. */
  forget(object: KubeObject): void;
}

interface Last {
  readonly digest: string;
  readonly resourceVersion: string | undefined;
}

/** Writes as one field manager, so that the fields of others survive; those that we want we take back. */
export function createApplier(client: ResourceClient): Applier {
  /** What the last apply of an object left: the observed one may be older. */
  const last = new Map<string, Last>();

  return {
    apply: async (type, desired, observed) => {
      const digest = digestOf(desired);
      const known = last.get(idOf(desired));
      if (observed !== undefined && stands(desired, digest, observed, known))
        return { outcome: 'kept', object: observed };
      const { object, action } = await client.apply(type, withDigest(desired, digest), {
        fieldManager: FIELD_MANAGERS.operator,
        force: 'force',
      });
      last.set(idOf(desired), { digest, resourceVersion: object.metadata.resourceVersion });
      const wasApplied = observed?.metadata.annotations?.[ANNOTATIONS.applied] === digest;
      return { outcome: action === 'configured' && wasApplied ? 'repaired' : action, object };
    },
    isOwnWriting: (object) => last.get(idOf(object))?.resourceVersion === object.metadata.resourceVersion,
    forget: (object) => void last.delete(idOf(object)),
  };
}

/**
 * Whether the observed object is as desired: this configuration was the last one that was applied, and nobody has taken a field
 * of it since. The digest is on the object, so a restart asks nothing.
 */
function stands(desired: Desired, digest: string, observed: KubeObject, known: Last | undefined): boolean {
  if (known?.digest === digest && known.resourceVersion === observed.metadata.resourceVersion) return true;
  return (
    observed.metadata.annotations?.[ANNOTATIONS.applied] === digest &&
    ownsAll(contentOf(withDigest(desired, digest)), observed.metadata.managedFields, FIELD_MANAGERS.operator)
  );
}

function withDigest(desired: Desired, digest: string): Desired {
  const annotations = { ...desired.metadata.annotations, [ANNOTATIONS.applied]: digest };
  return { ...desired, metadata: { ...desired.metadata, annotations } };
}

/** What a manager can own of it. */
function contentOf({ metadata, ...rest }: Desired): Readonly<Record<string, unknown>> {
  const nothing = { apiVersion: undefined, kind: undefined };
  return withoutNothing({ ...rest, ...nothing, metadata: { ...metadata, name: undefined, namespace: undefined } });
}

/** As JSON carries it: what is undefined is not there. */
function withoutNothing(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, part]) =>
      part === undefined ? [] : [[name, isRecord(part) ? withoutNothing(part) : part]],
    ),
  );
}

function digestOf(desired: Desired): string {
  const text = JSON.stringify(desired, (_, value: unknown) =>
    isRecord(value) ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) : value,
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
