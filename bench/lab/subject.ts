import { generateKeyPairSync, sign } from 'node:crypto';
import { type PolicyDocument, SESSION_TOKEN_ISSUER, TOKEN_CLAIMS, serverAudience } from '@mcp-runtime/api';

/** Who calls what in a benchmark. */
export const SERVER = { namespace: 'mcp-servers', name: 'files' } as const;
export const PATH = '/files/mcp';
export const RESULT_BYTES = [100, 10_240] as const;
export const DENIED_TOOL = 'write';
export const DENIAL = 'tool_not_granted';

export function toolFor(resultBytes: number): string {
  return `read-${resultBytes}`;
}

const GRANTED = RESULT_BYTES.map(toolFor);

/** One caller among a thousand grants, a thousand tools and ten thousand sessions. */
export function benchPolicy(): PolicyDocument {
  const others = Array.from({ length: 1000 }, (_, index) => String(index));
  return {
    schema_version: 'v1',
    revision: 'bench',
    server: SERVER,
    auth: { mode: 'token' },
    policy: { mode: 'allow-list', default_decision: 'deny', enforce_on: 'all', policy_version: 'v1' },
    session: { required: true },
    tools: [...GRANTED, DENIED_TOOL, ...others].map((name) => ({ name, required_trust: 'low', side_effect: 'read' })),
    grants: ['alice', ...others].map((human) => ({
      name: `grant-${human}`,
      namespace: SERVER.namespace,
      human_id: human,
      agent_id: 'agent',
      max_trust: 'high',
      allowed_side_effects: ['read'],
      tool_rules: GRANTED.map((name) => ({ name, decision: 'allow' })),
    })),
    sessions: ['alice', ...others].flatMap((human) =>
      Array.from({ length: 10 }, (_, index) => ({
        name: `${human}-${index}`,
        namespace: SERVER.namespace,
        human_id: human,
        agent_id: 'agent',
        consented_trust: 'high',
      })),
    ),
  };
}

/** A key and a session token that it signed (RFC 7519, RFC 8037). */
export function aToken(): { readonly publicKey: Record<string, string>; readonly token: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { kty = '', crv = '', x = '' } = publicKey.export({ format: 'jwk' });
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: SESSION_TOKEN_ISSUER,
    sub: 'alice',
    aud: serverAudience(SERVER.namespace, SERVER.name),
    iat: now,
    exp: now + 3600,
    [TOKEN_CLAIMS.use]: 'session',
    [TOKEN_CLAIMS.agent]: 'agent',
    [TOKEN_CLAIMS.session]: 'alice-0',
    [TOKEN_CLAIMS.sessionNamespace]: SERVER.namespace,
  };
  const signed = `${encoded({ alg: 'EdDSA', typ: 'JWT', kid: 'bench' })}.${encoded(claims)}`;
  const signature = sign(null, Buffer.from(signed), privateKey).toString('base64url');
  return { publicKey: { kty, crv, x, kid: 'bench', alg: 'EdDSA' }, token: `${signed}.${signature}` };
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
