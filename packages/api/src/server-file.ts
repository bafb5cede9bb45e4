import { z } from 'zod';
import { AppError } from './errors.ts';
import { API_VERSION, DEFAULT_NAMESPACE, LABELS } from './names.ts';
import { NamespaceName, ObjectName } from './resources/meta.ts';
import { type MCPServer, MCPServerSpec } from './resources/server/server.ts';

/** The server file, `.mcp/servers.yaml`: what a repository says of the servers that it builds. */

export const SERVER_SCOPES = ['tenant', 'org', 'public'] as const;

const CATALOG_NAMESPACES = { org: 'mcp-servers-org', public: 'mcp-servers-public' } as const;

const spec = MCPServerSpec.shape;

const Scope = z
  .string()
  .transform((text) => text.trim().toLowerCase())
  .pipe(z.enum(SERVER_SCOPES));

export const ServerFileEntry = z.strictObject({
  name: ObjectName,
  description: spec.description,
  image: spec.image.meta({
    description: 'Container image; named after the server in the push registry when neither it nor `source` is set.',
  }),
  imageTag: z.string().default('latest'),
  source: spec.source,
  transport: spec.transport,
  mcpPath: spec.mcpPath,
  bridge: spec.bridge,
  route: z.string().optional().meta({ description: 'Path of the route; `/{name}/mcp` when absent.' }),
  ingressHost: spec.ingressHost,
  publicPathPrefix: spec.publicPathPrefix,
  port: spec.port,
  replicas: spec.replicas,
  resources: spec.resources,
  envVars: spec.envVars,
  secretEnvVars: spec.secretEnvVars,
  namespace: NamespaceName.optional().meta({
    description: 'The catalog namespace for scope `org` or `public`, else `mcp-servers`, when absent.',
  }),
  scope: Scope.optional().meta({ description: 'Who may find the server: `tenant`, `org` or `public`, in any case.' }),
  teamID: spec.teamID,
  tools: spec.tools,
  prompts: spec.prompts,
  mcpResources: spec.mcpResources,
  tasks: spec.tasks,
  auth: spec.auth,
  policy: spec.policy,
  session: spec.session,
  gateway: spec.gateway,
  analytics: spec.analytics,
  audit: spec.audit,
  access: spec.access,
  rollout: spec.rollout,
});

export const ServerFile = z.strictObject({
  version: z.literal('v1').default('v1'),
  servers: z.array(ServerFileEntry).max(1000).meta({ description: 'The servers of the repository.' }),
});

export type ServerFileEntry = z.infer<typeof ServerFileEntry>;
export type ServerFile = z.infer<typeof ServerFile>;

export interface RegistryHosts {
  /** Where images are pushed, such as `registry.example.com`. */
  readonly push: string;
  /** Where nodes pull the same images from. */
  readonly pull: string;
}

/**
 * The resources that a server file stands for. Pure. An image on the push host is pulled from the pull
 * host; one on any other host stays as it is.
 * @throws AppError `invalid_resource` naming the server whose fields contradict each other.
 */
export function toServers(file: ServerFile, hosts: RegistryHosts): readonly MCPServer[] {
  return file.servers.map((entry) => toServer(entry, hosts));
}

function toServer(entry: ServerFileEntry, hosts: RegistryHosts): MCPServer {
  const { name, namespace, scope, route, image, imageTag, ...same } = entry;
  const parsed = MCPServerSpec.safeParse({
    ...same,
    ...(entry.source === undefined
      ? { image: pulled(image ?? defaultImage(entry, hosts), hosts), imageTag }
      : { image }),
    ingressPath: rooted(route ?? `/${name}/mcp`),
  });
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new AppError('invalid_resource', `server \`${name}\`: ${faults.join('; ')}`);
  }
  return {
    apiVersion: API_VERSION,
    kind: 'MCPServer',
    metadata: {
      name,
      namespace: namespace ?? namespaceOf(scope),
      ...(scope === undefined ? {} : { labels: { [LABELS.scope]: scope } }),
    },
    spec: parsed.data,
  };
}

function namespaceOf(scope: ServerFileEntry['scope']): string {
  return scope === undefined || scope === 'tenant' ? DEFAULT_NAMESPACE : CATALOG_NAMESPACES[scope];
}

function defaultImage({ name, scope }: ServerFileEntry, hosts: RegistryHosts): string {
  const folder = scope === undefined || scope === 'tenant' ? '' : `${scope}/`;
  return `${hosts.push}/${folder}${name}`;
}

function pulled(image: string, { push, pull }: RegistryHosts): string {
  return image.startsWith(`${push}/`) ? `${pull}${image.slice(push.length)}` : image;
}

function rooted(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}
