import {
  AppError,
  type Confirmation,
  type MCPAgentSession,
  type MCPServer,
  type ObjectKey,
  keyText,
  resolveServer,
} from '@mcp-runtime/api';
import { type ResourceClient } from '@mcp-runtime/kube';
import { durationMs } from '../duration.ts';
import { SERVERS, SESSIONS } from '../resource-types.ts';
import { type IssuedToken, signSessionToken } from './issue.ts';
import { type SigningKey } from './signing-key.ts';

interface IssueOptions {
  readonly client: ResourceClient;
  readonly key: SigningKey;
  readonly ttlSeconds: number;
  readonly confirmation?: Confirmation | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface SessionToken extends IssuedToken {
  readonly server: MCPServer;
}

/**
 * Issues a token for a live session. It lives no longer than the session, nor than its server allows. Rejects with
 * `not_found`, `session_revoked` or `session_expired`: asking again never brings a session back.
 */
export async function issueSessionToken(sessionKey: ObjectKey, options: IssueOptions): Promise<SessionToken> {
  const { client, key, now, confirmation } = options;
  const session = await client.get(SESSIONS, sessionKey);
  if (session === undefined) throw new AppError('not_found', `no session \`${keyText(sessionKey)}\``);
  if (session.spec.revoked)
    throw new AppError('session_revoked', `session \`${keyText(sessionKey)}\` was revoked`, {
      next: `mcp-runtime access session unrevoke ${sessionKey.name} -n ${sessionKey.namespace} lets it live again`,
    });
  const ends = endOf(session);
  if (ends <= now)
    throw new AppError(
      'session_expired',
      `session \`${keyText(sessionKey)}\` expired at ${new Date(ends).toISOString()}`,
      {
        next: 'apply it again with a later `spec.expiresAt`',
      },
    );
  const serverKey = {
    namespace: session.spec.serverRef.namespace ?? session.metadata.namespace,
    name: session.spec.serverRef.name,
  };
  const server = await client.get(SERVERS, serverKey);
  if (server === undefined)
    throw new AppError('not_found', `no server \`${keyText(serverKey)}\`, which the session is for`);
  const longestMs = durationMs(resolveServer(server).session.maxLifetime);
  const expiresAtMs = Math.min(now + options.ttlSeconds * 1000, now + longestMs, ends);
  return { ...(await signSessionToken(key, session, { issuedAtMs: now, expiresAtMs, confirmation })), server };
}

function endOf({ spec }: MCPAgentSession): number {
  return spec.expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(spec.expiresAt);
}
