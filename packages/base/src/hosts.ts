import { type IncomingHttpHeaders } from 'node:http';

/** Names that mean this machine only. */
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

export interface HostPolicy {
  /** Extra names under which the listener is reached, such as `mcp.example.com`. */
  readonly allowedHosts: readonly string[];
  /** Origins of browser pages that may call, such as `https://console.example.com`. */
  readonly allowedOrigins: readonly string[];
  /** Whether the listener serves this machine only: then the Host header must say so too (DNS rebinding). */
  readonly scope: 'loopback' | 'network';
}

/** Whether the Host and Origin headers are ones that this listener serves. An absent Origin is no browser. */
export function isAllowedHost(headers: IncomingHttpHeaders, policy: HostPolicy): boolean {
  const { origin } = headers;
  if (origin !== undefined && !isAllowedOrigin(origin, policy)) return false;
  const name = (headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  if (policy.allowedHosts.includes(name)) return true;
  return policy.scope === 'loopback' ? LOOPBACK_NAMES.has(name) : policy.allowedHosts.length === 0;
}

function isAllowedOrigin(origin: string, { allowedOrigins, scope }: HostPolicy): boolean {
  if (allowedOrigins.includes(origin)) return true;
  const name = /^https?:\/\/(\[[^\]]*\]|[^/:]+)(?::\d+)?$/.exec(origin.toLowerCase())?.[1];
  return scope === 'loopback' && name !== undefined && LOOPBACK_NAMES.has(name);
}

export function isLoopbackAddress(host: string): boolean {
  return LOOPBACK_NAMES.has(host) || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
