import { isMembers } from './message.ts';

/** What servers say of a session that they do not have, beside MCP's own status 404. */
const SAYS_LOST = /\bsession\b/i;

/**
 * Whether an error that came with HTTP 400 means that the session is not there: some servers in the field answer so in
 * place of 404 (MCP 2025-11-25, "Session Management"), which no client takes for a reason to initialise again.
 */
export function isLostSession(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    const error = isMembers(value) ? value['error'] : undefined;
    const message = isMembers(error) && error['code'] === TRANSPORT_REFUSAL ? error['message'] : undefined;
    return typeof message === 'string' && SAYS_LOST.test(message);
  } catch {
    return false;
  }
}

/** The code of the published SDKs for what their transport refuses. */
const TRANSPORT_REFUSAL = -32000;
