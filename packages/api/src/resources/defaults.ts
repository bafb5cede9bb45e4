import { type MCPServer, MCPServerSpec } from './server/server.ts';
import { type Source } from './server/source.ts';

const DEFAULT_GATEWAY_PORT = 8091;
/** Sources of events have 256 characters at most. */
const MAX_NAME_IN_SOURCE = 248;

type Auth = NonNullable<MCPServerSpec['auth']>;
type Policy = NonNullable<MCPServerSpec['policy']>;
type Session = NonNullable<MCPServerSpec['session']>;

/** Everything that a server's spec leaves open, filled in. Kubernetes holds the static defaults, this the dependent ones. */
export interface ResolvedServer {
  readonly auth: Auth;
  readonly policy: Policy;
  readonly session: Session;
  readonly audit: NonNullable<MCPServerSpec['audit']>;
  readonly bridge: NonNullable<MCPServerSpec['bridge']>;
  /** Namespaces whose grants and sessions count, the server's own first. */
  readonly admittedNamespaces: readonly string[];
  readonly gatewayPort: number;
  /** Path on the gateway, with a leading slash. */
  readonly publicPath: string;
  /** Path at which the server itself answers. */
  readonly upstreamPath: string;
  readonly eventSource: string;
}

export function resolveServer(server: MCPServer): ResolvedServer {
  const { spec, metadata } = server;
  const publicPath = publicPathOf(spec.publicPathPrefix, metadata.name);
  return {
    auth: spec.auth ?? section('auth'),
    policy: spec.policy ?? section('policy'),
    session: spec.session ?? section('session'),
    audit: spec.audit ?? section('audit'),
    bridge: spec.bridge ?? section('bridge'),
    admittedNamespaces: [metadata.namespace, ...(spec.access?.namespaces ?? [])],
    gatewayPort: spec.gateway?.port ?? DEFAULT_GATEWAY_PORT,
    publicPath,
    upstreamPath: spec.mcpPath ?? (spec.source === undefined ? publicPath : '/mcp'),
    eventSource: spec.analytics?.source ?? `${metadata.name.slice(0, MAX_NAME_IN_SOURCE)}-gateway`,
  };
}

/** `image` with its tag: `imageTag`, or `latest`, when the image names neither tag nor digest. */
export function taggedImage(image: string, imageTag: string | undefined): string {
  const hasTag = image.includes('@') || image.lastIndexOf(':') > image.lastIndexOf('/');
  return hasTag ? image : `${image}:${imageTag?.trim() || 'latest'}`;
}

function publicPathOf(prefix: string | undefined, name: string): string {
  const trimmed = (prefix ?? '').trim().replaceAll(/^\/+|\/+$/g, '');
  return `/${trimmed === '' ? name : trimmed}/mcp`;
}

const EMPTY_SECTIONS = MCPServerSpec.parse({
  source: { url: 'http://localhost' },
  auth: {},
  policy: {},
  session: {},
  audit: {},
  bridge: {},
});

function section<K extends 'auth' | 'policy' | 'session' | 'audit' | 'bridge'>(name: K): NonNullable<MCPServerSpec[K]> {
  const value = EMPTY_SECTIONS[name];
  if (value === undefined) throw new TypeError(`no defaults for ${name}`);
  return value;
}

/** What a server runs, whichever way its spec says it. */
export function declaredSource({ source, image, imageTag }: MCPServerSpec): Source {
  return source ?? { image: taggedImage(image ?? '', imageTag) };
}

/** What a source runs, exactly, for people: `npm files@1.4.2`. */
export function sourceText({ npm, pypi, command, url, image }: Source): string {
  if (npm !== undefined) return `npm ${npm.package}@${npm.version}`;
  if (pypi !== undefined) return `pypi ${pypi.package}==${pypi.version}`;
  if (command !== undefined) return `command ${command.command}`;
  return url ?? `image ${image ?? ''}`;
}
