/** Rules of the level Restricted that a pod breaks (Kubernetes, "Pod Security Standards"), and those that we add to it. */
export function unrestricted(pod: unknown): readonly string[] {
  const spec = record(pod);
  const context = record(spec['securityContext']);
  const containers = [...list(spec['containers']), ...list(spec['initContainers'])].map(record);
  return [
    ...HOST_FIELDS.filter((field) => spec[field] === true),
    ...(spec['automountServiceAccountToken'] === false ? [] : ['automountServiceAccountToken']),
    ...(context['runAsNonRoot'] === true ? [] : ['runAsNonRoot']),
    ...(context['runAsUser'] === 0 ? ['runAsUser'] : []),
    ...(record(context['seccompProfile'])['type'] === 'RuntimeDefault' ? [] : ['seccompProfile']),
    ...(containers.length === 0 ? ['containers'] : []),
    ...containers.flatMap((container) => faultsOf(container)),
    ...list(spec['volumes'])
      .flatMap((volume) => Object.keys(record(volume)))
      .filter((kind) => !VOLUMES.has(kind))
      .map((kind) => `volumes.${kind}`),
  ];
}

const HOST_FIELDS = ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace'];
const VOLUMES = new Set(['name', 'configMap', 'emptyDir', 'projected', 'secret']);
const EVERY_CONTAINER = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsNonRoot: true };

function faultsOf(container: Readonly<Record<string, unknown>>): readonly string[] {
  const context = record(container['securityContext']);
  const capabilities = record(context['capabilities']);
  const name = String(container['name']);
  return [
    ...Object.entries(EVERY_CONTAINER)
      .filter(([field, wanted]) => context[field] !== wanted)
      .map(([field]) => `${name}.${field}`),
    ...(list(capabilities['drop']).includes('ALL') && list(capabilities['add']).length === 0
      ? []
      : [`${name}.capabilities`]),
    ...(context['privileged'] === undefined ? [] : [`${name}.privileged`]),
    ...(list(container['ports']).some((port) => record(port)['hostPort'] !== undefined) ? [`${name}.hostPort`] : []),
  ];
}

export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
