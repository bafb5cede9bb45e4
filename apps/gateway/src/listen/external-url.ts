import { AppError } from '@mcp-runtime/api';
import { type HostPolicy, isLoopbackAddress } from '@mcp-runtime/base';

interface Reach {
  readonly listen: { readonly host: string };
  readonly externalUrl?: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}

/** @throws AppError `invalid_config` when it is not an absolute http URL, or has a query or a fragment. */
export function externalUrlOf({ externalUrl }: Reach): URL | undefined {
  if (externalUrl === undefined) return undefined;
  const url = URL.parse(externalUrl);
  if (url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '') return url;
  throw new AppError('invalid_config', `\`${externalUrl}\` is not a URL such as \`https://mcp.example.com\``);
}

/** Where only named hosts are served, the external one is among them. */
export function hostPolicyOf(reach: Reach): HostPolicy {
  const { listen, allowedHosts, allowedOrigins } = reach;
  const scope = isLoopbackAddress(listen.host) ? 'loopback' : 'network';
  const external = externalUrlOf(reach)?.hostname;
  const servesAll = scope === 'network' && allowedHosts.length === 0;
  const hosts = external === undefined || servesAll ? allowedHosts : [...allowedHosts, external];
  return { allowedHosts: hosts, allowedOrigins, scope };
}
