// Types only: help must not wait for the schemas to load.
// `import { type … }` would still load the schemas at run time.
import type { DEFAULT_NAMESPACE, SideEffect, TrustLevel } from '@mcp-runtime/api';

export const TRUST_LEVELS = ['low', 'medium', 'high'] as const satisfies readonly TrustLevel[];
export const SIDE_EFFECTS = ['read', 'write', 'destructive'] as const satisfies readonly SideEffect[];

/** Flags that several commands share. */
export const NAMESPACE = {
  type: 'text',
  short: 'n',
  summary: 'namespace of the object',
  placeholder: 'NAME',
  default: 'mcp-servers' satisfies typeof DEFAULT_NAMESPACE,
  names: 'namespace',
} as const;
export const ANY_NAMESPACE = {
  type: 'text',
  short: 'n',
  summary: 'only this namespace; all when absent',
  placeholder: 'NAME',
  names: 'namespace',
} as const;
export const FILE = { type: 'texts', short: 'f', summary: 'resource file or folder', placeholder: 'PATH' } as const;
export const FILE_OR_INPUT = { ...FILE, summary: 'resource file or folder; - for standard input' } as const;
export const DRY_RUN = { type: 'switch', summary: 'say what would change, change nothing' } as const;
export const FORCE_CONFLICTS = {
  type: 'switch',
  summary: 'take over fields that another command set to another value',
} as const;
export const DATA_DIR = {
  type: 'text',
  summary: 'folder of the local runtime (also MCP_RUNTIME_DATA_DIR)',
  placeholder: 'DIR',
} as const;

/** Who may say whom a request is from. */
export const HOPS = {
  'trust-headers-from': {
    type: 'texts',
    summary: 'address range whose identity headers are believed',
    placeholder: 'CIDR',
  },
  'trusted-listen': {
    type: 'text',
    summary: 'plain listener for the proxy in front and nobody else; its identity headers are believed',
    placeholder: 'HOST:PORT',
  },
  'trusted-proxy': {
    type: 'text',
    summary: 'SPIFFE id of the proxy in front, by its client certificate; its identity headers are believed',
    placeholder: 'ID',
  },
} as const;

/** Of a listener; without them it speaks plain HTTP. */
export const TLS = {
  'tls-cert': { type: 'text', summary: 'certificate to serve, with its chain, PEM', placeholder: 'FILE' },
  'tls-key': { type: 'text', summary: 'key of that certificate, PEM', placeholder: 'FILE' },
  'tls-client-ca': { type: 'text', summary: 'authorities whose client certificates count, PEM', placeholder: 'FILE' },
} as const;

/** Where the platform API is; the local runtime of this user when nothing is given. */
export const TARGET = {
  'api-url': {
    type: 'text',
    summary: 'platform API (also MCP_PLATFORM_API_URL); the local runtime when absent',
    placeholder: 'URL',
  },
  'data-dir': DATA_DIR,
} as const;

export const AUDIT_FILTERS = {
  server: { type: 'text', summary: 'only this server', placeholder: 'NAME', names: 'server' },
  namespace: ANY_NAMESPACE,
  tool: { type: 'text', summary: 'only this tool', placeholder: 'NAME' },
  human: { type: 'text', summary: 'only this human', placeholder: 'ID' },
  agent: { type: 'text', summary: 'only this agent', placeholder: 'ID' },
  decision: { type: 'text', summary: 'only this decision', values: ['allow', 'deny'] },
} as const;

export const AUDIT_WINDOW = {
  since: { type: 'text', summary: 'from this RFC 3339 instant, or a duration ago such as 15m', placeholder: 'TIME' },
  until: { type: 'text', summary: 'to this RFC 3339 instant, or a duration ago', placeholder: 'TIME' },
} as const;
