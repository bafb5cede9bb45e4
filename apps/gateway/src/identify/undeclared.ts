import { AppError } from '@mcp-runtime/api';
import { type Policy } from '@mcp-runtime/policy';
import { authModeOf } from './auth-mode.ts';

/** By what a gateway is set up to know who calls. */
export interface Declared {
  /** A hop whose identity headers are believed: a range, a listener of its own, or a proxy by its certificate. */
  readonly hop: boolean;
  readonly tokenKeys: boolean;
  readonly clientAuthorities: boolean;
}

/**
 * Why nobody could prove to this gateway who they are, or undefined. Headers that anybody can write are no proof: where they
 * are asked for, the hop that writes them is declared, or session tokens are what callers bring instead.
 */
export function undeclaredIdentity(policy: Policy, declared: Declared): AppError | undefined {
  const mode = authModeOf(policy);
  if (mode === 'header' && !declared.hop && !declared.tokenKeys) {
    return new AppError(
      'invalid_config',
      'the policy takes identity headers (auth.mode `header`), and nobody is declared who may send them',
      {
        next: 'declare the hop in front: --trust-headers-from CIDR, --trusted-listen HOST:PORT or --trusted-proxy ID; or give --jwks FILE for session tokens',
      },
    );
  }
  if (mode === 'mtls' && !declared.clientAuthorities) {
    return new AppError(
      'invalid_config',
      'the policy asks for client certificates (auth.mode `mtls`), and no authority for them is given',
      { next: 'add --tls-cert FILE, --tls-key FILE and --tls-client-ca FILE' },
    );
  }
  return undefined;
}
