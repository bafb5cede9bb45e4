export { type ClusterAccess, type Credential, type Trust } from './access.ts';
export { type KubernetesClient, type KubernetesClientOptions, openKubernetesClient } from './client.ts';
export { type AccessOptions, findClusterAccess } from './find-access.ts';
