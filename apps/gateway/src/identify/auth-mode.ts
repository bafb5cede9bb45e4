import { type Policy } from '@mcp-runtime/policy';

/** How the callers of a server prove who they are; `header` unless its policy says otherwise. */
export function authModeOf(policy: Policy): string {
  const mode = (policy.document.auth?.mode ?? '').trim().toLowerCase();
  return mode === '' ? 'header' : mode;
}
