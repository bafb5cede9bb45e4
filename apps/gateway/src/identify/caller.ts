import { ANONYMOUS, type ErrorCode } from '@mcp-runtime/api';
import { type Identity } from '@mcp-runtime/policy';

export interface Caller {
  readonly identity: Identity;
  readonly source: 'token' | 'certificate' | 'header' | 'none' | 'probe';
  /** The agent session that a token or certificate proved. */
  readonly session: { readonly namespace: string; readonly name: string } | undefined;
  /** Of an access token. */
  readonly scopes?: ReadonlySet<string> | undefined;
}

/** Whether a caller is named as only the runtime may name one. */
export function isReserved({ human, agent, team }: Identity): boolean {
  return human === ANONYMOUS || agent === ANONYMOUS || team === ANONYMOUS;
}

export type Identified =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly reason: ErrorCode; readonly message: string; readonly caller: Caller };

export const NOBODY: Caller = {
  identity: { human: '', agent: '', team: '', session: '' },
  source: 'none',
  session: undefined,
};

/** The runtime's own readiness check. */
export const PROBE: Caller = { ...NOBODY, source: 'probe' };

export function refuse(reason: ErrorCode, message: string, caller: Caller = NOBODY): Identified {
  return { ok: false, reason, message, caller };
}
