import { z } from 'zod';

/**
 * A kubeconfig file (Kubernetes docs, "kubeconfig (v1)"): the part that is used here. What is not known is left to other
 * programs, but for settings that would change who is trusted or who calls: those are refused where they are read.
 */
const ClusterEntry = z.looseObject({
  server: z.string().optional(),
  'certificate-authority': z.string().optional(),
  'certificate-authority-data': z.string().optional(),
  'insecure-skip-tls-verify': z.boolean().optional(),
  'tls-server-name': z.string().optional(),
  'proxy-url': z.string().optional(),
});

const ExecEntry = z.looseObject({
  apiVersion: z.enum(['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']),
  command: z.string().min(1),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string().min(1), value: z.string() })).nullish(),
  installHint: z.string().optional(),
  provideClusterInfo: z.boolean().optional(),
  interactiveMode: z.enum(['Never', 'IfAvailable', 'Always']).optional(),
});

const UserEntry = z.looseObject({
  'client-certificate': z.string().optional(),
  'client-certificate-data': z.string().optional(),
  'client-key': z.string().optional(),
  'client-key-data': z.string().optional(),
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  username: z.string().optional(),
  'auth-provider': z.unknown().optional(),
  as: z.string().optional(),
  'as-uid': z.string().optional(),
  'as-groups': z.array(z.string()).nullish(),
  'as-user-extra': z.unknown().optional(),
  exec: ExecEntry.nullish(),
});

const ContextEntry = z.looseObject({
  cluster: z.string(),
  user: z.string().optional(),
  namespace: z.string().optional(),
});

export const Kubeconfig = z.looseObject({
  'current-context': z.string().optional(),
  clusters: z.array(z.looseObject({ name: z.string(), cluster: ClusterEntry })).nullish(),
  users: z.array(z.looseObject({ name: z.string(), user: UserEntry.nullish() })).nullish(),
  contexts: z.array(z.looseObject({ name: z.string(), context: ContextEntry })).nullish(),
});

export type Kubeconfig = z.infer<typeof Kubeconfig>;
export type ClusterEntry = z.infer<typeof ClusterEntry>;
export type UserEntry = z.infer<typeof UserEntry>;
export type ExecEntry = z.infer<typeof ExecEntry>;
export type ContextEntry = z.infer<typeof ContextEntry>;
