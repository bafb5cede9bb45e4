import { type AuditSink } from '../record/audit.ts';
import { authModeOf } from '../identify/auth-mode.ts';
import { type TokenKeySource } from '../identify/token-keys.ts';
import { type RouteTable } from '../routes/route.ts';

export interface ReadinessParts {
  readonly routes: Pick<RouteTable, 'all'>;
  readonly audit: Pick<AuditSink, 'state'>;
  readonly tokenKeys: Pick<TokenKeySource, 'current'>;
  readonly isDraining: () => boolean;
  /** Whether the routes are known at all; they are from the start unless given. */
  readonly hasSynced?: (() => boolean) | undefined;
}

/** Why a gateway should get no traffic; also what `/ready` says. */
export type NotReady = 'draining' | 'policy_not_loaded' | 'keys_not_loaded' | 'audit_unavailable';

const CHECKS: readonly { readonly reason: NotReady; readonly fails: (parts: ReadinessParts) => boolean }[] = [
  { reason: 'draining', fails: ({ isDraining }) => isDraining() },
  {
    reason: 'policy_not_loaded',
    fails: ({ routes, hasSynced }) =>
      hasSynced === undefined ? routes.all().some(({ policy }) => policy.current() === undefined) : !hasSynced(),
  },
  {
    reason: 'keys_not_loaded',
    fails: (parts) => asksForTokens(parts) && (parts.tokenKeys.current()?.keys ?? []).length === 0,
  },
  {
    // An unwritable log matters only where a server asks that nothing goes unrecorded.
    reason: 'audit_unavailable',
    fails: ({ routes, audit }) => routes.all().some((route) => route.audit.strict) && audit.state() === 'unwritable',
  },
];

/** Empty when it is ready. */
export function whyNotReady(parts: ReadinessParts): readonly NotReady[] {
  return CHECKS.filter(({ fails }) => fails(parts)).map(({ reason }) => reason);
}

function asksForTokens({ routes }: ReadinessParts): boolean {
  return routes.all().some(({ policy }) => {
    const current = policy.current();
    return current !== undefined && authModeOf(current) === 'token';
  });
}
