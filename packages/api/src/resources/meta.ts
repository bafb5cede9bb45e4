import { z } from 'zod';
import { API_VERSION, DEFAULT_NAMESPACE } from '../names.ts';

/** RFC 1123 subdomain: what Kubernetes takes as an object name. */
export const ObjectName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, {
    error: 'must be lower-case letters, digits, `-` and `.`, and start and end with a letter or digit',
  });

/** RFC 1123 label: what Kubernetes takes as a namespace. */
export const NamespaceName = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, {
    error: 'must be lower-case letters, digits and `-`, and start and end with a letter or digit',
  });

export const Labels = z.record(z.string(), z.string());

/** RFC 3339 instant with zone, as Kubernetes writes `date-time`. */
export const Instant = z.iso.datetime({ offset: true });

const OwnerReference = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().optional(),
  blockOwnerDeletion: z.boolean().optional(),
});

const ManagedFieldsEntry = z.looseObject({
  manager: z.string().optional(),
  operation: z.string().optional(),
  apiVersion: z.string().optional(),
  time: z.string().optional(),
  fieldsType: z.string().optional(),
  fieldsV1: z.record(z.string(), z.unknown()).optional(),
  subresource: z.string().optional(),
});

/** Kubernetes ObjectMeta, the part that is used here (API conventions, "Metadata"). */
export const ObjectMeta = z.looseObject({
  name: ObjectName,
  namespace: NamespaceName.default(DEFAULT_NAMESPACE),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  generation: z.int().optional(),
  creationTimestamp: z.string().nullish(),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  finalizers: z.array(z.string()).optional(),
  ownerReferences: z.array(OwnerReference).optional(),
  managedFields: z.array(ManagedFieldsEntry).optional(),
});

/** ObjectMeta of the kinds of Kubernetes itself: some have no namespace, which is an empty one here, and freer names. */
export const BuiltinObjectMeta = ObjectMeta.extend({
  name: z
    .string()
    .min(1)
    .max(253)
    .regex(/^(?!\.{1,2}$)[^/%]+$/, { error: 'must not hold `/` or `%`' }),
  namespace: z.union([NamespaceName, z.literal('')]).default(''),
});

export type ObjectMeta = z.infer<typeof ObjectMeta>;
export type OwnerReference = z.infer<typeof OwnerReference>;

/** Kubernetes Condition (API conventions, "Typical status properties"). */
export const Condition = z.strictObject({
  type: z.string().meta({ description: 'What it is about.' }),
  status: z.enum(['True', 'False', 'Unknown']).meta({ description: 'Whether it is so.' }),
  reason: z.string().meta({ description: 'Why, as one word that stays the same.' }),
  message: z.string().meta({ description: 'Why, for people.' }),
  observedGeneration: z.int().optional().meta({ description: '`metadata.generation` that it was read from.' }),
  lastTransitionTime: z.string().meta({ description: 'When `status` last changed.' }),
});

export type Condition = z.infer<typeof Condition>;

/** `namespace/name`, the key of a namespaced object. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

export function keyText(key: ObjectKey): string {
  return `${key.namespace}/${key.name}`;
}

export function keyOf(object: { readonly metadata: { readonly namespace: string; readonly name: string } }): ObjectKey {
  return { namespace: object.metadata.namespace, name: object.metadata.name };
}

/** The envelope that every kind shares. */
export function resourceSchema<K extends string, Spec extends z.ZodType, Status extends z.ZodType>(
  kind: K,
  spec: Spec,
  status: Status,
) {
  return z.strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal(kind),
    metadata: ObjectMeta,
    spec,
    status: status.optional(),
  });
}
