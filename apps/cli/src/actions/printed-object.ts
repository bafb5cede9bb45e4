interface KubeObject {
  readonly metadata: { readonly managedFields?: unknown };
}

/** An object to read and to edit: without the account of who wrote which field, which is longer than all else. */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
